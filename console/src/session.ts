import { ref } from 'vue';

/*
 * The key that the pages call the API with. It is kept for this tab only, over a reload; it is never in an
 * address, so in no history and no log of a proxy.
 */
const name = 'hongyan.key';

export const key = ref(sessionStorage.getItem(name) ?? '');

/** The server does not know the last key any more. */
export const keyLost = ref(false);

export function signIn(value: string): void {
  sessionStorage.setItem(name, value);
  key.value = value;
  keyLost.value = false;
}

export function signOut(): void {
  sessionStorage.removeItem(name);
  key.value = '';
}

export function loseKey(): void {
  signOut();
  keyLost.value = true;
}
