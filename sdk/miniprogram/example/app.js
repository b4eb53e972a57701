// Loaded with the app, so that the login and the advice are there before the first page is.
require('./hongyan');

App({});
