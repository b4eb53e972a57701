/** The body of an answer that is an error (RFC 9457), as docs/openapi.yaml has it. */
interface ProblemBody {
  type: string;
  title: string;
  detail: string;
}

/** The server refused. `status` 0: it could not be reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

const answerMaxMs = 15_000;

async function problemOf(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => null)) as ProblemBody | null;
  return new Problem(response.status, body?.detail ?? response.statusText);
}

/** Asks the API for `path` ("v1/nodes"): relative, because a proxy may have put it all under a path. */
export async function get<Answer>(path: string, key: string): Promise<Answer> {
  const request = fetch(`../${path}`, {
    headers: { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(answerMaxMs),
    cache: 'no-store',
  });
  const response = await request.catch((error: unknown) => {
    throw new Problem(0, error instanceof Error ? error.message : String(error));
  });

  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as Answer;
}
