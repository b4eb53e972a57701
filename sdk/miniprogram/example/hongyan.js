// One for the whole mini program.
const { createHongyan } = require('hongyan-miniprogram');
const config = require('./config');

module.exports = createHongyan({
  url: config.url,
  app: config.app,
  templates: [config.templates.shipped, config.templates.arrived],
  onProblem: (problem) => console.warn('hongyan', problem),
});
