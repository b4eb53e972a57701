import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

// Everything in one folder and by relative addresses: the program serves it at /console/, and a proxy may put
// the whole under a path of its own.
export default defineConfig({
  base: './',
  plugins: [vue()],
  build: {
    target: 'es2022',
    assetsDir: '',
    // An address with the bytes in it would not pass the page's Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
  },
  // `npm run dev` beside a running server: the pages come from Vite, the rest from there.
  server: { proxy: { '/v1': 'http://127.0.0.1:8080' } },
});
