import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { type Configuration, ConfigurationErrors, parseConfiguration } from '../lib/configuration.ts';
import { BuilderStack } from '../lib/stack.ts';

const app = new App();
const configuration = configurationOf(app);
if (configuration !== undefined) {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  new BuilderStack(app, configuration.stackName, {
    configuration,
    description: 'Linux Builder Engine: custom Linux images as a service',
  });
  app.synth();
}

/** The configuration; where it is wrong, all of that is said, without a stack trace, and nothing is made. */
function configurationOf(from: App): Configuration | undefined {
  try {
    return parseConfiguration((name) => from.node.tryGetContext(name));
  } catch (error) {
    if (!(error instanceof ConfigurationErrors)) throw error;
    console.error(error.message);
    process.exitCode = 1;
    return undefined;
  }
}
