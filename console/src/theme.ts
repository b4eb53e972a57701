/** The page is as light or dark as the system says, also when that changes. */
export function followSystemTheme(): void {
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const apply = () => document.documentElement.classList.toggle('dark', dark.matches);

  dark.addEventListener('change', apply);
  apply();
}
