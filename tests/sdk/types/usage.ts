// Compiled, never run: what a TypeScript team writes, and what the types must not let through.
import { createHongyan, Failure, Hongyan, SubscribeResult } from 'hongyan-miniprogram';

const hongyan: Hongyan = createHongyan({
  url: 'https://push.example.com',
  app: 'wx0000000000000001',
  templates: ['a', 'b'],
  longTerm: ['b'],
  maxTemplates: 3,
  onProblem: (problem) => console.warn(problem.what, problem.reason, problem.reports),
});

function describe(result: SubscribeResult | Failure): string {
  if (!result.ok) return `${result.reason} ${result.code} ${result.message}`;
  const answers = result.asked.map((template) => result.results[template]);
  return [...answers, ...result.accepted, ...result.skipped.map((one) => one.reason)].join();
}

Page({
  data: { text: '' },
  onLoad() {
    hongyan.askWhatIsWorth(['a', 'b'], { fresh: true }).then((result) => {
      if (result.ok) this.setData({ text: result.templates.map((one) => one.reason).join() });
    });
  },
  onTap() {
    hongyan.subscribe('a', { force: true }).then((result) => {
      this.setData({ text: describe(result) });
    });
  },
  onSubmit(event: WechatMiniprogram.FormSubmit) {
    hongyan.collectForm(event).then((result) => (result.ok ? result.reportId : result.reason));
  },
  async onUnload() {
    const flushed = await hongyan.flush();
    if (!flushed.ok) this.setData({ text: `${flushed.left} ${flushed.retryInMs}` });
    hongyan.stop();
  },
});

createHongyan({ url: '', app: '', wx });
// @ts-expect-error app is missing
createHongyan({ url: 'https://push.example.com' });
// @ts-expect-error an answer is only there after a look at `ok`
hongyan.subscribe(['a']).then((result) => result.accepted);
// @ts-expect-error no such reason
hongyan.login().then((result) => !result.ok && result.reason === 'no_such_reason');
// @ts-expect-error templates are texts
hongyan.askWhatIsWorth([1]);
