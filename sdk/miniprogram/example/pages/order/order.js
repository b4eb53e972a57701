const hongyan = require('../../hongyan');
const { templates } = require('../../config');

/** @type {{[reason: string]: string}} */
const WORDS = {
  main_switch_off: '通知总开关已关闭，请在设置里打开',
  network: '网络不可用，请稍后再试',
  unsupported: '微信版本太旧，请升级后再试',
};

Component({
  data: { state: '' },

  lifetimes: {
    attached() {
      // Ahead of the tap, which cannot wait for it.
      hongyan.askWhatIsWorth();
    },
  },

  methods: {
    onSubscribe() {
      // First thing in the tap: WeChat shows no prompt later.
      hongyan.subscribe([templates.shipped, templates.arrived]).then((result) => {
        if (!result.ok) this.setData({ state: WORDS[result.reason] || '暂时无法订阅' });
        else if (result.accepted.length) this.setData({ state: '好的，到时通知你' });
        else if (result.asked.length) this.setData({ state: '好的，不打扰你' });
        else this.setData({ state: '已经订阅，无需重复' });
      });
    },

    /** @param {WechatMiniprogram.FormSubmit} event */
    onSubmit(event) {
      hongyan.collectForm(event);
      this.setData({ state: '留言已提交' });
    },
  },
});
