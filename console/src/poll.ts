import { onMounted, onUnmounted, shallowRef, type ShallowRef } from 'vue';
import { Problem } from './api/client';

export interface Poll<Answer> {
  /** The newest answer; stays when a later one does not come. */
  answer: ShallowRef<Answer | undefined>;
  /** Why the newest one did not come; undefined when it did. */
  problem: ShallowRef<Problem | undefined>;
}

/**
 * Asks again `everyMs` after each answer, for as long as the component is there; one request at a time, and
 * none while nobody sees the page.
 */
export function usePoll<Answer>(ask: () => Promise<Answer>, everyMs: number): Poll<Answer> {
  const answer = shallowRef<Answer>();
  const problem = shallowRef<Problem>();
  let timer = 0;
  let asking = false;
  let there = true;

  async function turn(): Promise<void> {
    if (asking || document.hidden) return;
    asking = true;
    try {
      answer.value = await ask();
      problem.value = undefined;
    } catch (error) {
      problem.value = error instanceof Problem ? error : new Problem(0, String(error));
    }
    asking = false;
    if (there) timer = window.setTimeout(turn, everyMs);
  }

  function seen(): void {
    window.clearTimeout(timer);
    void turn();
  }

  onMounted(() => {
    document.addEventListener('visibilitychange', seen);
    void turn();
  });
  onUnmounted(() => {
    there = false;
    window.clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
  });
  return { answer, problem };
}
