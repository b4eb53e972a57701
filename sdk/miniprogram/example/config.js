// The three things to fill in.
module.exports = {
  url: 'https://push.example.com',
  app: 'wx0000000000000001',
  templates: {
    shipped: 'the-id-of-your-template-order-shipped',
    arrived: 'the-id-of-your-template-order-arrived',
  },
};
