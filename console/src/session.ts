import { ref } from 'vue';

/*
 * The key that the pages call the API with. It is kept for this tab only and is gone when the tab is
 * closed; it is never in an address, so in no history and no log of a proxy.
 */
const name = 'hongyan.key';

export const key = ref(sessionStorage.getItem(name) ?? '');

export function signIn(value: string): void {
  sessionStorage.setItem(name, value);
  key.value = value;
}

export function signOut(): void {
  sessionStorage.removeItem(name);
  key.value = '';
}
