'use strict';

const { createHongyan } = require('./hongyan');

module.exports = { createHongyan };
