import { startS3Server } from '../../../local/s3/server.ts';

/**
 * Runs an S3 server in a process of its own, for tests that kill it or weigh it: `node serve.ts <directory>`.
 * Sends its endpoint to the parent, and on each message from it the largest resident size so far, in bytes.
 */
const [, , directory = ''] = process.argv;
const clock = {
  now: () => new Date(),
  sleep: () => Promise.reject(new Error('the server never sleeps')),
};
const server = await startS3Server({ directory, accessKeyId: 'AKTEST', secretAccessKey: 'secret-for-tests', clock });
process.send?.({ endpoint: server.endpoint });
process.on('message', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  process.send?.({ residentBytes: maxRSS * 1024, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 });
});
