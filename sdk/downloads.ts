import { type DownloadedFile, downloadFile } from './download.ts';
import { ApiProblem, EngineUnreachable, isProblem, reasonOf } from './engine-error.ts';
import type { Artifact, Evidence } from './generated/types.gen.ts';

/** The calls of a client that download what a build made. */
export function downloadCalls(options: {
  readonly url: string;
  readonly apiKey: string;
  readonly send: typeof fetch;
  readonly listArtifacts: (id: string) => Promise<readonly Artifact[]>;
}) {
  const { url, apiKey, send, listArtifacts } = options;

  /**
   * Downloads an artifact into a folder under its own name and verifies its SHA-256. The file appears whole or not at
   * all.
   */
  async function downloadArtifact(id: string, name: string, folder: string): Promise<DownloadedFile> {
    const artifact = (await listArtifacts(id)).find((entry) => entry.name === name);
    return follow(`/v1/builds/${encodeURIComponent(id)}/artifacts/${encodeURIComponent(name)}`, artifact, folder);
  }

  /** Downloads a file of a build's evidence, as an artifact is. */
  async function downloadEvidence(id: string, file: Evidence, folder: string): Promise<DownloadedFile> {
    return follow(`/v1/builds/${encodeURIComponent(id)}/evidence/${encodeURIComponent(file.name)}`, file, folder);
  }

  async function follow(
    place: string,
    file: Pick<Artifact, 'name' | 'size' | 'sha256'> | undefined,
    folder: string,
  ): Promise<DownloadedFile> {
    let response: Response;
    try {
      // The key is for the engine only: the redirect is followed by hand, without it.
      response = await send(`${url}${place}`, { redirect: 'manual', headers: { authorization: `Bearer ${apiKey}` } });
    } catch (error) {
      throw new EngineUnreachable(url, reasonOf(error), error);
    }
    const location = response.headers.get('location');
    if (file === undefined || response.status !== 307 || location === null) {
      const problem: unknown = await response.json().catch(() => undefined);
      if (isProblem(problem)) throw new ApiProblem(problem);
      throw new EngineUnreachable(url, `it answered ${response.status} instead of a redirect`);
    }
    await response.body?.cancel();
    return await downloadFile({ send, address: location, file, folder });
  }

  return { downloadArtifact, downloadEvidence };
}
