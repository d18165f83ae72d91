import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createPrometheusMetrics } from '../../adapters/prometheus/prometheus-metrics.ts';
import type { Metrics } from '../../core/ports/metrics.ts';
import { measureCall, measureRequest } from '../../core/telemetry/measured.ts';
import { type MetricName, metricCatalogue } from '../../core/wiring/metric-catalogue.ts';
import { createEmfMetrics } from '../../functions/shared/aws/emf-metrics.ts';

function measureSomething(metrics: Metrics): void {
  for (const status of [200, 202, 404, 500]) {
    measureRequest(metrics, { operation: 'listBuilds', status, milliseconds: 40 });
  }
  measureRequest(metrics, { operation: 'startBuild', status: 503, code: 'service.maintenance', milliseconds: 1 });
  measureCall(metrics, { function: 'planBuild', outcome: 'failed', milliseconds: 1_500 });
  metrics.set('lbuild_builds_waiting', {}, 7);
  metrics.set('lbuild_builds_waiting', {}, 3);
}

const emfSchema = z.looseObject({
  service: z.literal('api-builds'),
  _aws: z.object({
    Timestamp: z.literal(86_400_000),
    CloudWatchMetrics: z.tuple([
      z.object({
        Namespace: z.literal('LinuxBuilderEngine'),
        Dimensions: z.tuple([z.array(z.string())]),
        Metrics: z.tuple([z.object({ Name: z.string(), Unit: z.enum(['Count', 'Seconds']) })]),
      }),
    ]),
  }),
});

describe('metrics', () => {
  it('are counted for Prometheus, in its text', async () => {
    const metrics = createPrometheusMetrics();
    measureSomething(metrics);
    const { contentType, body } = await metrics.text();
    expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
    const lines = body.split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'lbuild_http_requests_total{operation="listBuilds",status="2xx"} 2',
        'lbuild_http_requests_total{operation="listBuilds",status="4xx"} 1',
        'lbuild_http_requests_total{operation="listBuilds",status="5xx"} 1',
        // It sets off no alarm.
        'lbuild_http_requests_total{operation="startBuild",status="maintenance"} 1',
        'lbuild_http_request_seconds_bucket{le="0.025",operation="listBuilds"} 0',
        'lbuild_http_request_seconds_bucket{le="0.05",operation="listBuilds"} 4',
        'lbuild_function_calls_total{function="planBuild",outcome="failed"} 1',
        'lbuild_function_seconds_sum{function="planBuild"} 1.5',
        'lbuild_builds_waiting 3',
      ]),
    );
    for (const [name, { kind, help }] of Object.entries(metricCatalogue)) {
      expect(lines).toContain(`# TYPE ${name} ${kind}`);
      expect(lines).toContain(`# HELP ${name} ${help}`);
    }
  });

  it('are lines of the log for CloudWatch, by the same names, kept apart by few labels', () => {
    const lines: string[] = [];
    const write = (line: string) => lines.push(line);
    measureSomething(createEmfMetrics({ write, now: () => new Date(86_400_000), service: 'api-builds' }));
    expect(lines).toHaveLength(14);
    for (const line of lines) {
      const entry = emfSchema.parse(JSON.parse(line));
      const { Dimensions, Metrics: defined } = entry._aws.CloudWatchMetrics[0];
      const name = defined[0].Name as MetricName;
      const facts = metricCatalogue[name];
      expect(Dimensions[0]).toEqual(facts.dimensions);
      // What a dimension or metric is named by stands in the line, as a string or a number.
      for (const dimension of Dimensions[0]) expect(typeof entry[dimension]).toBe('string');
      for (const label of facts.labels) expect(typeof entry[label]).toBe('string');
      expect(typeof entry[name]).toBe('number');
    }
    expect(lines[0]).toContain('"operation":"listBuilds","status":"2xx","lbuild_http_requests_total":1');
  });

  it('have few series: at most two labels, none of which is paid for by its number of values', () => {
    for (const { labels, dimensions } of Object.values(metricCatalogue)) {
      expect(labels.length).toBeLessThanOrEqual(2);
      expect(labels).toEqual(expect.arrayContaining([...dimensions]));
      for (const dimension of dimensions) expect(['status', 'outcome']).toContain(dimension);
    }
  });
});
