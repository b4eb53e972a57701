/*
 * What the pages say, in each language. The first one is what the browser prefers; a choice is kept.
 */
import elEn from 'element-plus/es/locale/lang/en';
import elZh from 'element-plus/es/locale/lang/zh-cn';
import { createI18n } from 'vue-i18n';
import { en } from './en';
import { zh } from './zh';

/** `elements`: what the component library says itself. */
export const languages = {
  en: { name: 'English', elements: elEn },
  'zh-CN': { name: '中文', elements: elZh },
};
export type Language = keyof typeof languages;

const kept = 'hongyan.language';

function firstLanguage(): Language {
  const chosen = localStorage.getItem(kept) ?? navigator.language;
  return chosen.startsWith('zh') ? 'zh-CN' : 'en';
}

export const words = createI18n({
  legacy: false,
  locale: firstLanguage(),
  fallbackLocale: 'en',
  messages: { en, 'zh-CN': zh },
});

document.documentElement.lang = words.global.locale.value;

export function otherLanguage(language: Language): Language {
  return language === 'en' ? 'zh-CN' : 'en';
}

export function chooseLanguage(language: Language): void {
  localStorage.setItem(kept, language);
  words.global.locale.value = language;
  document.documentElement.lang = language;
}
