import { ubuntu } from '../../../core/distributions/ubuntu.ts';
import { aptUnderTest } from './apt-under-test.ts';
import { describeDistribution } from './distribution-contract.ts';

describeDistribution(aptUnderTest(ubuntu));
