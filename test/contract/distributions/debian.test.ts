import { debian } from '../../../core/distributions/debian.ts';
import { aptUnderTest } from './apt-under-test.ts';
import { describeDistribution } from './distribution-contract.ts';

describeDistribution(aptUnderTest(debian));
