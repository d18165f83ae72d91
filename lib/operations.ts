import { NestedStack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Alarms, type AlarmsProps } from './alarms.ts';
import { Dashboard } from './dashboard.ts';

/**
 * What operators watch: the alarms and the dashboard, deployed with the engine as a stack inside its own. CloudFormation
 * takes 500 resources a stack, and two alarms for each function would leave the functions no room to grow in number.
 */
export class Operations extends NestedStack {
  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id, { description: 'Linux Builder Engine: alarms and dashboard' });
    new Alarms(this, 'Alarms', props);
    new Dashboard(this, 'Dashboard', props);
  }
}
