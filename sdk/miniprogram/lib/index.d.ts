// hongyan for WeChat mini programs. Every function gives a promise that is always kept: it resolves
// with `ok: true` and a result, or with `ok: false` and a reason. Nothing here throws or rejects.

export interface Options {
  /** Address of the hongyan server, a request domain of the mini program: "https://push.example.com" */
  url: string;
  /** The appid of this mini program. */
  app: string;
  /** Template ids that pages will ask for: advice about them is fetched ahead of the first tap. */
  templates?: string[];
  /** Those template ids that are long-term; WeChat does not take both kinds in one prompt. */
  longTerm?: string[];
  /** Templates in one prompt, 1 to 5. Default 5; on clients that take fewer it adapts. */
  maxTemplates?: number;
  /** Time for one request. Default 10,000. */
  timeoutMs?: number;
  /** How long advice counts as fresh. Default 300,000 (5 minutes). */
  askFreshMs?: number;
  /** Reports kept while the server cannot be reached. Default 200. */
  queueMax?: number;
  /** How long a report waits for others to travel with it. Default 300. */
  batchDelayMs?: number;
  /** Pause after the first failure, which then doubles. Default 2,000. */
  retryFirstMs?: number;
  /** The longest pause. Default 300,000. */
  retryMaxMs?: number;
  /** Hears of what was lost or refused in the background; for your log. */
  onProblem?(problem: Problem): void;
  /** Instead of the global `wx`; for tests. */
  wx?: object;
}

export interface Hongyan {
  /**
   * Makes sure that there is a session. All functions do so by themselves; call it to know early
   * whether the server can be reached.
   */
  login(): Promise<LoginResult | Failure>;
  /** Ends all sessions of this user at the server. */
  logout(): Promise<{ ok: true } | Failure>;
  /**
   * Which of the templates (default: those of the options) are worth a prompt, and why. Call it when
   * a page opens, so that `subscribe` knows it at the tap.
   */
  askWhatIsWorth(templates?: string | string[], options?: AskOptions): Promise<AskResult | Failure>;
  /**
   * Asks the user. Call it first thing in the handler of a tap (or the callback of a payment): WeChat
   * shows no prompt later. Templates not worth asking for are left out; `asked` may be empty.
   */
  subscribe(templates: string | string[], options?: SubscribeOptions):
    Promise<SubscribeResult | Failure>;
  /** Takes the form id of a `<form report-submit>`; refuses what is none, as in developer tools. */
  collectForm(event: FormEvent): Promise<FormResult | Failure>;
  /** Sends what waits now. Needed only when something follows that the server must know for. */
  flush(): Promise<FlushResult | Failure>;
  /** Ends timers and listeners. Reports that wait stay in storage. */
  stop(): void;
}

/** Call it once, in a module that pages share. Wrong options show in the result of every call. */
export function createHongyan(options: Options): Hongyan;

export interface LoginResult {
  ok: true;
  /** Milliseconds, by the phone's clock. */
  expiresAt: number;
}

export interface AskOptions {
  /** Asks the server even when advice is fresh. */
  fresh?: boolean;
}

export interface SubscribeOptions {
  /** Asks for all of them whatever the advice, for a button whose very purpose it is. */
  force?: boolean;
}

export interface Advice {
  template: string;
  ask: boolean;
  /** The server's word: message_waiting, none_left, running_low, enough, standing, banned, ... */
  reason: string;
  /** Messages that can be sent now. */
  available: number;
  /** The answer for which the user ticked "always keep my choice"; WeChat shows no prompt then. */
  kept?: string;
}

export interface AskResult {
  ok: true;
  ask: string[];
  templates: Advice[];
  /** True when no request was needed. */
  cached: boolean;
}

export type Answer =
  | 'accept' | 'acceptWithAlert' | 'acceptWithAudio' | 'acceptWithForcePush'
  | 'reject' | 'ban' | 'filter' | (string & {});

export interface Skipped {
  template: string;
  /** The server's word against asking, `kept_reject`, `other_kind` or `over_limit`. */
  reason: string;
}

export interface SubscribeResult {
  ok: true;
  /** In the prompt; empty when nothing was worth one. */
  asked: string[];
  /** Those of `asked` that the user allowed. */
  accepted: string[];
  results: { [template: string]: Answer };
  skipped: Skipped[];
  /** The report that will bring the answers to the server. */
  reportId?: string;
}

export interface FormEvent {
  detail: { formId?: unknown };
}

export interface FormResult {
  ok: true;
  reportId: string;
}

export interface FlushResult {
  ok: true;
  /** Reports that the server took. */
  sent: number;
  accepted: number;
  duplicates: number;
  refused: {
    index?: number; form_id?: string; template?: string; reason: string; message?: string;
  }[];
}

export type FailureReason =
  // between the phone and the server
  | 'network' | 'unavailable' | 'rate_limited' | 'later' | 'refused'
  // the login
  | 'login_failed' | 'login_refused' | 'session_refused'
  // wx.requestSubscribeMessage
  | 'not_a_tap' | 'no_templates' | 'bad_template' | 'unknown_template' | 'mixed_kinds' | 'too_many'
  | 'main_switch_off' | 'banned' | 'background' | 'device_template' | 'busy'
  // the form id
  | 'mock_form_id' | 'unavailable_in_trial' | 'request_failed' | 'empty' | 'malformed'
  // this client or this call
  | 'unsupported' | 'bad_options' | 'failed';

export interface Failure {
  ok: false;
  reason: FailureReason;
  /** For the log, in English. */
  message?: string;
  /** errCode of wx.requestSubscribeMessage. */
  code?: number;
  /** HTTP status of the server's answer. */
  status?: number;
  /** It is tried again by itself after so long. */
  retryInMs?: number;
  /** Reports that still wait. */
  left?: number;
}

export interface Problem {
  what: 'report_dropped' | 'grant_refused';
  reason: string;
  message?: string;
  /** Ids of the reports that are gone. */
  reports?: string[];
  template?: string;
  formId?: string;
}
