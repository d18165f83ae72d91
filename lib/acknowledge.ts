import { Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement, type PolicyStatementProps, type Role } from 'aws-cdk-lib/aws-iam';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';
import type { IConstruct } from 'constructs';

/** Accepts findings of a validation on a construct and all below it, each with its reason. */
export function acknowledge(construct: IConstruct, reasons: Readonly<Record<string, string>>): void {
  Validations.of(construct).acknowledge(...Object.entries(reasons).map(([id, reason]) => ({ id, reason })));
}

/**
 * Allows a role actions on resources whose names hold a wildcard, and says why no narrower name will do. The reason
 * covers these resources only: any other wildcard in the role's policy is still a finding.
 */
export function allowByWildcard(
  role: Role,
  statement: PolicyStatementProps & { readonly resources: string[] },
  reason: string,
): void {
  role.addToPolicy(new PolicyStatement(statement));
  for (const resource of statement.resources) {
    const name = flattenCfnReference(Stack.of(role).resolve(resource));
    if (name.includes('*')) acknowledge(role, { [`AwsSolutions-IAM5[Resource::${name}]`]: reason });
  }
}
