/*
 * EPayWidget: opens the Payment Page from a shop's page (in a window over it, inside an element of
 * it, or instead of it) and tells the shop what happens there.
 *
 * Guarantees: a message acts only if it comes from the origin of the Payment Page with the widget's
 * guid, or with `from_another_domain` from another window of that origin; the shop's own window may
 * only pass messages on to the page; no address that carries a script is opened; the shop's
 * configuration is read and never changed. A page that says nothing within five seconds of its
 * loading is reported as a network problem. The syntax is ES5: there is no build step, and old
 * phones run it.
 */
(function (window, document) {
  'use strict';

  var MODES =
    ['purchase', 'payout', 'card_tokenize', 'card_verify', 'money_transfer', 'presentation'];
  var SILENCE_MS = 5000;
  var FAREWELL_MS = 1000;
  // The page repeats these; the shop hears of them only when their data changes.
  var ON_CHANGE = /^on(Resize|AmountChange|TabChange)$/;
  // The page waits for the shop's answer to these.
  var QUESTION =
    /^epframe\.embedded_mode\.(check_(submit|shipping_address|shipping_method)|confirmation)$/;
  var PASSED_ON = /^epframe\.(embedded_mode\..+|external_widget_form_submission)$/;
  var TEXT = {
    ru: {
      title: 'Оплата',
      close: 'Закрыть окно оплаты',
      loading: 'Загружаем страницу оплаты…',
      failed: 'Страница оплаты не загрузилась. ' +
        'Проверьте соединение, закройте это окно и попробуйте ещё раз.'
    },
    en: {
      title: 'Payment',
      close: 'Close the payment window',
      loading: 'Loading the payment page…',
      failed: 'The payment page did not load. ' +
        'Check your connection, close this window and try again.'
    }
  };

  var script = document.currentScript;
  var live = []; // Widgets whose frame is on the page.

  function own(object, name) {
    return Object.prototype.hasOwnProperty.call(object, name);
  }

  function element(tag, attributes) {
    var made = document.createElement(tag);
    for (var name in attributes) made.setAttribute(name, attributes[name]);
    return made;
  }

  function link(url) {
    return element('a', { href: url });
  }

  function originOf(url) {
    var parsed = link(url);
    // An opaque origin is the word "null" for every such page: it would let strangers speak.
    if (!/^https?:$/.test(parsed.protocol)) throw new Error('Not a web address: ' + url);
    return parsed.origin || parsed.protocol + '//' + parsed.host;
  }

  function baseOf(config) {
    if (config.baseUrl) return String(config.baseUrl).replace(/\/+$/, '');
    var scripts = [script].concat([].slice.call(document.getElementsByTagName('script')));
    for (var i = 0; i < scripts.length; i++) {
      var src = scripts[i] && scripts[i].src;
      if (/^https?:\/\/[^?#]*\/merchant\.js([?#]|$)/.test(src)) return originOf(src);
    }
    throw new Error('The address of merchant.js is not known: set config.baseUrl');
  }

  function check(config) {
    if (config.mode && MODES.indexOf(config.mode) < 0) {
      throw new Error('Invalid config.mode. Use: ' + MODES.join(' | '));
    }
    if (config.mode === 'purchase' && !(config.payment_id && config.payment_currency)) {
      throw new Error('Payment not specified: payment_id and payment_currency are needed.');
    }
  }

  /* The guid lets a page speak for its frame, so it must not be guessable. */
  function makeGuid() {
    var numbers = [];
    if (window.crypto && window.crypto.getRandomValues) {
      numbers = window.crypto.getRandomValues(new Uint16Array(8));
    }
    var parts = [];
    for (var i = 0; i < 8; i++) {
      var number = own(numbers, i) ? numbers[i] : Math.floor(Math.random() * 0x10000);
      parts.push((number + 0x10000).toString(16).slice(1));
    }
    return parts.join('-');
  }

  function isMobile() {
    return /Android|webOS|iPhone|iPad|iPod|BlackBerry|IEMobile|Opera Mini/i
      .test(window.navigator.userAgent);
  }

  function eachField(widget, add) {
    var config = widget.config;
    for (var name in config) {
      if (!own(config, name) || name === 'frame_mode') continue;
      if (config[name] !== undefined && typeof config[name] !== 'function') add(name, config[name]);
    }
    add('frame_mode', widget.frameMode);
    add('_referrer', document.referrer);
    add('_sw', window.screen.width);
    add('_sh', window.screen.height);
  }

  function submitForm(method, url, target, fill) {
    var form = element('form', { method: method, action: url, target: target, hidden: '' });
    fill(function (name, value) {
      if (typeof value === 'object') return;
      form.appendChild(element('input', { type: 'hidden', name: name, value: value }));
    });
    document.body.appendChild(form);
    // A field may be named "submit", and then hides the method.
    window.HTMLFormElement.prototype.submit.call(form);
    document.body.removeChild(form);
  }

  /* Sends the configuration to the Payment Page; `frame` is null for the whole window. */
  function openPage(widget, frame) {
    var url = widget.base + '/payment';
    if (widget.method === 'post') {
      submitForm('post', url, frame ? frame.name : '_self', function (add) {
        eachField(widget, add);
      });
      return;
    }
    var pairs = [];
    eachField(widget, function (name, value) {
      pairs.push(encodeURIComponent(name) + '=' + encodeURIComponent(value));
    });
    url += '?' + pairs.join('&');
    if (frame) frame.src = url;
    else window.location.assign(url);
  }

  function lockScroll(locked) {
    document.documentElement.classList[locked ? 'add' : 'remove']('ep-modal-open');
  }

  function addStyles(widget) {
    if (document.querySelector('link[href*="merchant.css"]')) return;
    var href = widget.base + '/shared/merchant.css';
    document.head.appendChild(element('link', { rel: 'stylesheet', href: href }));
  }

  function send(widget, message) {
    var target = widget.iframe && widget.iframe.contentWindow;
    if (target) target.postMessage(JSON.stringify(message), widget.origin);
  }

  function isBlank(frame) {
    try {
      return frame.contentWindow.location.href === 'about:blank';
    } catch (error) {
      return false; // Another origin's page, so not the empty one of the start.
    }
  }

  function addFrame(widget, parent) {
    var attributes = {
      id: 'iframe-' + widget.guid,
      name: 'iframe-' + widget.guid,
      'class': 'ep-iframe',
      title: widget.text.title
    };
    if (widget.config.apple_allow_payment) attributes.allow = 'payment';
    var frame = element('iframe', attributes);
    widget.iframe = frame;
    widget.loaded = false;
    widget.last = {};
    live.push(widget);
    parent.appendChild(frame);
    frame.addEventListener('load', function () {
      if (widget.iframe !== frame || isBlank(frame)) return;
      send(widget, { message: 'link', guid: widget.guid });
      window.clearTimeout(widget.timer);
      widget.timer = window.setTimeout(function () {
        if (widget.loaded) return;
        widget.loaded = true;
        if (widget.modal) widget.modal.status.textContent = widget.text.failed;
        tell(widget, 'epframe.fail_loading', { message: 'Network problem' });
      }, SILENCE_MS);
    });
    openPage(widget, frame);
  }

  /* Hides at once, gives the page a moment to act on what it was last told, and removes it. */
  function vanish(shown, frame) {
    shown.style.display = 'none';
    shown.removeAttribute('id');
    frame.removeAttribute('id');
    frame.className = '';
    frame.addEventListener('load', function () {
      if (shown.parentNode) shown.parentNode.removeChild(shown);
    });
    window.setTimeout(function () { frame.src = 'about:blank'; }, FAREWELL_MS);
  }

  /* Takes the frame, and the window around it, off the page. */
  function release(widget) {
    var modal = widget.modal;
    var index = live.indexOf(widget);
    if (index < 0) return;
    live.splice(index, 1);
    window.clearTimeout(widget.timer);
    vanish(modal ? modal.container : widget.iframe, widget.iframe);
    widget.iframe = widget.modal = null;
    lockScroll(false);
    if (!modal) return;
    document.removeEventListener('keydown', modal.onKey);
    document.removeEventListener('focusin', modal.onFocus);
    if (modal.opener && modal.opener.focus) modal.opener.focus();
  }

  function showInside(widget) {
    var target = widget.config.target_element;
    var parent = typeof target === 'string' ? document.getElementById(target) : target;
    if (!parent || !parent.appendChild) throw new Error('Invalid target_element');
    live.slice().forEach(function (other) {
      if (other === widget || parent.contains(other.iframe)) release(other);
    });
    parent.textContent = '';
    addFrame(widget, parent);
  }

  function buildModal(widget) {
    var mobile = isMobile() ? ' modal-mobile' : '';
    var modal = {
      opener: document.activeElement,
      container: element('div', {
        id: 'ep-modal-container',
        'class': 'shown ' + (widget.config.css_modal_wrap || '') + mobile
      }),
      wrap: element('div', {
        id: 'ep-modal-wrap', 'class': 'ep-modal-wrap', role: 'dialog', tabindex: '-1',
        'aria-modal': 'true', 'aria-label': widget.text.title, lang: widget.language
      }),
      close: element('button', {
        id: 'ep-modal-close', type: 'button', 'aria-label': widget.text.close
      }),
      body: element('div', { id: 'ep-modal-body' }),
      status: element('p', { 'class': 'ep-modal-status', role: 'status' }),
      // Tab beyond either end of the window lands on these, and is led back inside.
      before: element('span', { tabindex: '0' }),
      after: element('span', { tabindex: '0' })
    };
    modal.status.textContent = widget.text.loading;
    modal.body.appendChild(modal.status);
    modal.wrap.appendChild(modal.close);
    modal.wrap.appendChild(modal.body);
    [modal.before, modal.wrap, modal.after].forEach(function (part) {
      modal.container.appendChild(part);
    });
    return modal;
  }

  function showPopup(widget) {
    live.slice().forEach(function (other) {
      if (other === widget || other.modal) release(other);
    });
    var modal = widget.modal = buildModal(widget);
    modal.onKey = function (event) {
      if (event.key === 'Escape' || event.keyCode === 27) widget.closePopup();
    };
    modal.onFocus = function (event) {
      if (event.target === modal.before) widget.iframe.focus();
      // A frame that is not shown yet does not take it.
      if (!modal.wrap.contains(document.activeElement)) modal.close.focus();
    };
    document.addEventListener('keydown', modal.onKey);
    document.addEventListener('focusin', modal.onFocus);
    modal.close.addEventListener('click', function () { widget.closePopup(); });
    modal.container.addEventListener('click', function (event) {
      if (widget.config.close_on_missclick && event.target === modal.container) {
        widget.closePopup();
      }
    });
    document.body.appendChild(modal.container);
    lockScroll(true);
    modal.wrap.focus({ preventScroll: true });
    addFrame(widget, modal.body);
  }

  function reveal(widget) {
    widget.loaded = true;
    if (widget.modal) widget.modal.wrap.classList.add('loaded');
  }

  function resize(widget, data) {
    var height = data && Math.ceil(data.height);
    if (!(height > 0)) return;
    (widget.modal ? widget.modal.body : widget.iframe).style.height = height + 'px';
  }

  function fullScreen(widget, on) {
    var shown = widget.modal ? widget.modal.wrap : widget.iframe;
    shown.classList[on ? 'add' : 'remove']('with-asc');
    lockScroll(on || !!widget.modal);
  }

  /* Whole addresses alone: a relative one would lead into the shop. */
  function isSafe(url) {
    return typeof url === 'string' && /^([a-z][a-z0-9+.-]*:|\/\/)/i.test(url) &&
      !/^(javascript|vbscript|data):$/i.test(link(url).protocol);
  }

  function postFromParent(widget, data) {
    if (!data || !isSafe(data.url)) return;
    submitForm(/^get$/i.test(data.method) ? 'get' : 'post', data.url, '_self', function (add) {
      for (var name in data.body) add(name, data.body[name]);
    });
  }

  var EFFECTS = {
    'epframe.loaded': function (widget, data) {
      reveal(widget);
      resize(widget, data);
    },
    'epframe.fail_loading': reveal,
    'epframe.resize': resize,
    'epframe.exit': release,
    'epframe.destroy': release,
    'epframe.redirect': function (widget, data) {
      if (!data || !isSafe(data.url)) return;
      release(widget);
      window.location.assign(data.url);
    },
    'epframe.redirect_iframe': function (widget) { fullScreen(widget, true); },
    'epframe.acs_redirect_iframe': function (widget) { fullScreen(widget, true); },
    'epframe.redirect_iframe_complete': function (widget) { fullScreen(widget, false); },
    'epframe.acs_parent_page_redirect_run': postFromParent,
    'epframe.embedded_mode.redirect_3ds_parent_page': function (widget, data) {
      // A shop that has this callback posts the form itself; twice would be one too many.
      if (!callbackFor(widget, 'onEmbeddedModeRedirect3dsParentPage')) postFromParent(widget, data);
    }
  };

  /* `epframe.payment.try_again` is `onPaymentTryAgain`. */
  function callbackName(message) {
    return 'on' + message.replace(/^epframe\./, '').split(/[._]/).map(function (word) {
      return word.charAt(0).toUpperCase() + word.slice(1);
    }).join('');
  }

  /* The embedded form's callbacks are known by short names too: `onCheckSubmit`. */
  function callbackFor(widget, name) {
    var config = widget.config;
    var known = own(config, name) ? name : name.replace(/^onEmbeddedMode/, 'on');
    return own(config, known) && typeof config[known] === 'function' ? config[known] : null;
  }

  function ask(widget, message, callback, data) {
    function answer(result) {
      return function (details) {
        var reply = {};
        if (details && typeof details === 'object') {
          for (var name in details) reply[name] = details[name];
        }
        reply.result = result;
        send(widget, { message: message + '.result', data: reply });
      };
    }
    if (callback) callback.call(widget, data, answer(true), answer(false));
    else answer(true)(); // A shop that has no objection must not keep the payer waiting.
  }

  function tell(widget, message, data) {
    var name = callbackName(message);
    var callback = callbackFor(widget, name);
    if (name === 'onFailLoading') {
      data = { message: data && data.message, config: widget.config };
    } else if (ON_CHANGE.test(name)) {
      var seen = JSON.stringify(data);
      if (widget.last[name] === seen) return;
      widget.last[name] = seen;
    }
    if (QUESTION.test(message)) ask(widget, message, callback, data);
    else if (callback) callback.call(widget, data);
  }

  function receive(widget, message) {
    var text = message.message;
    if (own(EFFECTS, text)) EFFECTS[text](widget, message.data);
    tell(widget, text, message.data);
  }

  function Widget(config, method, embedded) {
    check(config);
    this.config = config;
    this.method = String(method || 'get').toLowerCase();
    this.inside = embedded || config.frame_mode === 'embedded' ? 'embedded'
      : config.target_element ? 'iframe' : '';
    this.base = baseOf(config);
    this.origin = originOf(this.base);
    this.guid = makeGuid();
    this.language =
      /^ru/i.test(config.language_code || document.documentElement.lang || 'ru') ? 'ru' : 'en';
    this.text = TEXT[this.language];
    this.iframe = this.modal = null;
    addStyles(this);
  }

  Widget.prototype.run = function () {
    var config = this.config;
    if (config.redirect || (config.redirect_on_mobile && isMobile())) {
      this.frameMode = 'tab';
      openPage(this, null);
    } else if (this.inside) {
      this.frameMode = this.inside;
      showInside(this);
    } else {
      this.frameMode = 'popup';
      showPopup(this);
    }
  };

  /* What the payer does by the close button; the shop may do it as well. */
  Widget.prototype.closePopup = function () {
    if (!this.iframe) return;
    send(this, { message: 'close' });
    release(this);
    var callback = callbackFor(this, 'onExit');
    if (callback) callback.call(this);
  };

  Widget.prototype.trySubmit = function () {
    send(this, { message: 'epframe.embedded_mode.try_submit' });
  };

  Widget.prototype.externalSubmit = function () {
    send(this, { message: 'epframe.external_widget_form_submission' });
  };

  window.addEventListener('message', function (event) {
    var message = null;
    try {
      message = typeof event.data === 'string' && JSON.parse(event.data);
    } catch (error) {
      return; // Other scripts of the shop exchange messages of their own.
    }
    if (!message || typeof message.message !== 'string') return;
    live.slice().forEach(function (widget) {
      if (!document.documentElement.contains(widget.iframe)) {
        release(widget); // The shop itself has emptied the element.
      } else if (event.source === window) {
        if (message.from_another_domain && PASSED_ON.test(message.message)) send(widget, message);
      } else if (event.origin === widget.origin &&
          (message.guid === widget.guid || message.from_another_domain)) {
        receive(widget, message);
      }
    });
  });

  window.addEventListener('resize', function () {
    live.forEach(function (widget) { send(widget, { message: 'resize' }); });
  });

  document.addEventListener('click', function (event) {
    for (var node = event.target; node && node.getAttribute; node = node.parentNode) {
      if (node.getAttribute('data-epwidget') === 'ep-run-transaction') {
        live.forEach(function (widget) { if (!widget.modal) widget.externalSubmit(); });
      }
    }
  });

  function run(config, method, embedded) {
    var widget = new Widget(config, method, embedded);
    widget.run();
    return widget;
  }

  window.EPayWidget = {
    run: function (config, method) { return run(config, method, false); },
    runEmbedded: function (config, method) { return run(config, method, true); },
    create: function (config, method) { return new Widget(config, method, false); },
    bind: function (buttonId, config, method) {
      var widget = new Widget(config, method, false);
      var button = document.getElementById(buttonId);
      if (button) button.addEventListener('click', function () { widget.run(); });
      return widget;
    }
  };
}(window, document));
