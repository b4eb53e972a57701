import { useI18n } from 'vue-i18n';
import type { Problem } from './api/client';

/** Says in the page's language what went wrong; within a component's setup. */
export function useProblemText(): (problem: Problem) => string {
  const { t } = useI18n();

  return ({ status, message: why }) =>
    status === 0 ? t('problem.unreachable', { why }) : t('problem.refused', { status, why });
}
