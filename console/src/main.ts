import { createApp } from 'vue';
import 'element-plus/theme-chalk/base.css';
import 'element-plus/theme-chalk/dark/css-vars.css';
import App from './App.vue';
import './style.css';
import { followSystemTheme } from './theme';
import { words } from './words';

followSystemTheme();
createApp(App).use(words).mount('#app');
