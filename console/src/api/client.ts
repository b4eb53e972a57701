/** The server refused, or said what nobody understands. `status` 0: it could not be reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

const answerMaxMs = 15_000;

/** Of an answer that is an error (RFC 9457), or of something between here and the server. */
async function problemOf(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => null)) as { detail?: string } | null;
  return new Problem(response.status, body?.detail ?? response.statusText);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Asks the API for `path` ("v1/nodes"): relative, because a proxy may have put it all under a path. */
export async function get<Answer>(path: string, key: string): Promise<Answer> {
  const request = fetch(`../${path}`, {
    headers: { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(answerMaxMs),
    cache: 'no-store',
  });
  const response = await request.catch((error: unknown) => {
    throw new Problem(0, textOf(error));
  });

  if (!response.ok) throw await problemOf(response);
  return response.json().catch((error: unknown) => {
    throw new Problem(response.status, textOf(error));
  }) as Promise<Answer>;
}
