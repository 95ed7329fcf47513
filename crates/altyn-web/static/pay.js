// The Payment Page's help: errors where they are, one press, news without asking, word to the shop's
// page. Every screen works without it.
(function () {
  "use strict";
  var body = document.body;
  var all = function (selector, root) { return Array.from((root || document).querySelectorAll(selector)); };
  var one = function (selector, root) { return (root || document).querySelector(selector); };
  var on = function (target, names, act) {
    names.split(" ").forEach(function (name) { target.addEventListener(name, act); });
  };
  var state = body.dataset.state;

  // The shop's page around this one. It says its guid once we are loaded; nothing is told before.
  var guid, origin, queue = [];
  var framed = window.parent !== window;
  function post(message, data) {
    window.parent.postMessage(JSON.stringify({ message: message, guid: guid, data: data }), origin);
  }
  function tell(message, data) {
    if (!framed) return;
    if (guid) post("epframe." + message, data || {});
    else queue.push([message, data]);
  }
  var told = 0;
  function size(message) {
    var box = document.documentElement;
    var height = Math.ceil(body.getBoundingClientRect().bottom + window.scrollY);
    if (message === "resize" && height === told) return;
    told = height;
    tell(message, { width: box.scrollWidth, height: height });
  }
  function result() {
    try { return JSON.parse(body.dataset.result || "{}"); } catch (error) { return {}; }
  }
  // A reload is no news.
  function repeated() {
    try {
      var key = "told " + location.pathname, before = sessionStorage.getItem(key);
      sessionStorage.setItem(key, state);
      return before === state;
    } catch (error) { return false; }
  }
  var shown = { success: "payment.success", fail: "payment.fail", canceled: "payment.canceled", waiting: "payment.sent" };
  if (framed) {
    on(window, "message", function (event) {
      var said;
      if (event.source !== window.parent) return;
      try { said = JSON.parse(event.data); } catch (error) { return; }
      if (!said || typeof said !== "object") return;
      if (said.message === "link" && said.guid) {
        var first = !guid;
        guid = String(said.guid);
        origin = event.origin === "null" ? "*" : event.origin;
        if (state === "refused") tell("fail_loading", { message: "Application error", config: {} });
        else size("loaded");
        if (!first) return;
        queue.splice(0).forEach(function (entry) { tell(entry[0], entry[1]); });
        if (shown[state] && !repeated()) tell(shown[state], result());
      } else if (guid && said.message === "resize") {
        size("resize");
      } else if (guid && said.message === "epframe.embedded_mode.check_validation") {
        tell("embedded_mode.check_validation_response", faults(openForm()));
      } else if (guid && /^epframe\.(embedded_mode\.(try_)?submit|external_widget_form_submission)$/.test(said.message)) {
        if (openForm()) openForm().requestSubmit();
      }
    });
    if (body.hasAttribute("data-frame")) on(document, "keydown", function (event) {
      if (event.key === "Escape") tell("exit");
    });
    if (window.ResizeObserver) new ResizeObserver(function () { size("resize"); }).observe(body);
  }
  all("[data-exit]").forEach(function (link) { on(link, "click", function () { tell("exit"); }); });

  // Fields. A fault is shown when the field is left, and goes as soon as it is mended.
  var digits = function (text) { return text.replace(/\D/g, ""); };
  var PREFIXES = [
    ["mir", /^220[0-4]/], ["mastercard", /^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/], ["visa", /^4/],
    ["amex", /^3[47]/], ["jcb", /^(35(2[89]|[3-8])|2131|1800)/], ["diners", /^(30[0-5]|36|38|39)/],
    ["unionpay", /^(62|81)/], ["maestro", /^(5[0678]|6)/]
  ];
  function brand(number) {
    var found = PREFIXES.find(function (entry) { return entry[1].test(number); });
    return found ? found[0] : "";
  }
  function luhn(number) {
    var sum = 0;
    number.split("").reverse().forEach(function (digit, at) {
      var twice = at % 2 ? digit * 2 : +digit;
      sum += twice > 9 ? twice - 9 : twice;
    });
    return sum % 10 === 0;
  }
  function expiry(text) {
    var match = /^\s*(\d{1,2})\s*[\/.\- ]?\s*(\d{4}|\d{2})\s*$/.exec(text);
    if (!match || +match[1] < 1 || +match[1] > 12) return "wrong";
    var year = match[2].length === 2 ? 2000 + +match[2] : +match[2];
    var now = new Date();
    return year * 12 + +match[1] <= now.getFullYear() * 12 + now.getMonth() ? "expired" : "";
  }
  var JUDGES = {
    card_number: function (text) {
      var number = digits(text);
      return /[^\d\s-]/.test(text) || number.length < 12 || number.length > 19 || !luhn(number) ? "wrong" : "";
    },
    card_expiry: expiry,
    card_cvc: function (text, form) {
      var number = form.elements.card_number;
      var kind = number ? brand(digits(number.value)) : "";
      return new RegExp("^\\d{" + (kind === "amex" ? "4" : kind ? "3" : "3,4") + "}$").test(text) ? "" : "wrong";
    },
    card_holder: function (text) { return /^[A-Za-z0-9 .,'\-\/]{2,64}$/.test(text) ? "" : "wrong"; },
    customer_account_number: function (text) { return /;/.test(text) ? "wrong" : ""; },
    customer_phone: function (text) {
      return /^[\d\s()+.\-]+$/.test(text) && /^\d{4,24}$/.test(digits(text)) ? "" : "wrong";
    },
    customer_email: function (text) { return /^[^\s@;]+@[^\s@;]+\.[^\s@;]+$/.test(text) ? "" : "wrong"; }
  };
  function fault(input) {
    var text = input.value.trim();
    if (!text) return input.required ? input.dataset.missing : "";
    var found = JUDGES[input.name] ? JUDGES[input.name](text, input.form) : "";
    return found && input.dataset[found];
  }
  function show(input, text) {
    document.getElementById(input.id + "-error").textContent = text;
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
  function faults(form) {
    var found = {};
    all(".field input", form || document.createElement("form")).forEach(function (input) {
      var text = fault(input);
      show(input, text);
      if (text) found[input.name] = text;
    });
    return found;
  }
  function openForm() {
    return all("form[data-pay]").find(function (form) { return form.offsetParent; });
  }

  // Puts the spaces of the card into what is typed; the caret stays behind the same digit.
  function grouped(input, write) {
    var caret = input.selectionStart;
    var before = digits(input.value.slice(0, caret)).length;
    var text = write(digits(input.value));
    if (text === input.value) return;
    var atEnd = caret === input.value.length;
    input.value = text;
    var at = 0;
    for (var seen = 0; at < text.length && seen < before; at++) if (/\d/.test(text[at])) seen++;
    input.setSelectionRange(atEnd ? text.length : at, atEnd ? text.length : at);
  }
  function number(input) {
    if (/[^\d\s-]/.test(input.value)) return;
    grouped(input, function (all) {
      var sizes = brand(all) === "amex" ? [4, 6, 5] : [4, 4, 4, 4, 3];
      var at = 0;
      return sizes.map(function (size) { at += size; return all.slice(at - size, at); })
        .concat(all.slice(at)).filter(Boolean).join(" ");
    });
    var kind = brand(digits(input.value));
    var badges = one(".badges", input.parentNode);
    badges.hidden = !kind;
    all("svg", badges).forEach(function (badge) { badge.toggleAttribute("hidden", badge.dataset.brand !== kind); });
  }
  function month(input, event) {
    if (/[^\d\s\/]/.test(input.value) || /^delete/.test(event.inputType || "")) return;
    var short = /^\s*\d\s*\//.test(input.value);
    grouped(input, function (all) {
      if (short || /^[2-9]/.test(all)) all = "0" + all;
      return all.length < 2 ? all : all.slice(0, 2) + " / " + all.slice(2, 6);
    });
  }

  all("form[data-pay]").forEach(function (form) {
    form.noValidate = true;
    all(".field input", form).forEach(function (input) {
      on(input, "input", function (event) {
        if (input.name === "card_number") number(input);
        if (input.name === "card_expiry") month(input, event);
        if (input.hasAttribute("aria-invalid") && !fault(input)) show(input, "");
      });
      on(input, "blur", function () { if (input.value.trim()) show(input, fault(input)); });
      if (input.name === "card_number" && input.value) number(input);
    });
    on(form, "submit", function (event) {
      var holder = form.elements.card_holder;
      if (holder) holder.value = holder.value.toUpperCase();
      if (Object.keys(faults(form)).length) {
        event.preventDefault();
        one("[aria-invalid]", form).focus();
      }
    });
  });
  all("input[data-code]").forEach(function (radio) {
    on(radio, "change", function () {
      tell("payment_method_select", { name: radio.dataset.code, payment_method_type: radio.dataset.code, payment_method_code: radio.dataset.code });
    });
  });
  var alarm = one("[data-focus]");
  if (alarm) alarm.focus();

  // One press is one press; the button says that it was felt.
  on(document, "submit", function (event) {
    var form = event.target;
    if (event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    var button = one("button.main", form);
    if (button) {
      button.setAttribute("aria-busy", "true");
      button.dataset.label = one("span", button).textContent;
      one("span", button).textContent = button.dataset.label + "…";
    }
    if (form.hasAttribute("data-pay")) tell("payment.sent");
  });
  on(window, "pageshow", function (event) {
    if (!event.persisted) return;
    if (one("[data-events]")) { location.reload(); return; }
    all("form[data-sent]").forEach(function (form) {
      delete form.dataset.sent;
      var button = one("button.main", form);
      if (!button) return;
      button.removeAttribute("aria-busy");
      one("span", button).textContent = button.dataset.label;
    });
  });

  // Leaving for a bank; whoever comes back by the browser's button is not sent there again.
  function absolute(address) { return new URL(address, location.href).href; }
  function values(form) {
    var found = {};
    all("input[type=hidden]", form).forEach(function (input) { found[input.name] = input.value; });
    return found;
  }
  all("[data-leave]").forEach(function (way) {
    var entry = performance.getEntriesByType && performance.getEntriesByType("navigation")[0];
    if (entry && entry.type === "back_forward") return;
    if (framed) {
      if (way.href) tell("redirect", { url: way.href });
      else tell("acs_parent_page_redirect_run", { method: "post", url: absolute(way.getAttribute("action")), body: values(way) });
    } else if (way.href) location.replace(way.href);
    else way.requestSubmit ? way.requestSubmit() : way.submit();
  });

  // The bank's look at the browser: over when a page of ours comes up in the frame.
  var check = one("[data-check]"), done = one("[data-done]");
  if (check && done) {
    var finish = function (completed) {
      if (done.dataset.sent) return;
      done.dataset.sent = "1";
      done.elements.completed.value = completed;
      done.submit();
    };
    var frame = one("iframe"), quiet;
    on(frame, "load", function () {
      try {
        var at = frame.contentWindow.location;
        if (at.href !== "about:blank" && at.origin === location.origin) finish("1");
      } catch (error) {
        // Still at the bank, or where it reports: often a page of the acquirer, which says nothing
        // to us. Nothing following it for a while is the end as well.
        clearTimeout(quiet);
        quiet = setTimeout(function () { finish("1"); }, 1000);
      }
    });
    on(window, "message", function (event) {
      if (event.source === frame.contentWindow && event.origin === location.origin) finish("1");
    });
    setTimeout(function () { finish("0"); }, 10000);
    check.submit();
  }

  // News. The stream tells; without it the page looks again every five seconds.
  var live = one("[data-events]");
  if (live) {
    var stream, again;
    // Without a connection a reload would put the browser's error in the place of this page.
    var look = function () {
      fetch(location.href, { method: "HEAD", cache: "no-store" })
        .then(function () { location.reload(); }, function () { /* Not yet. */ });
    };
    var lost = function () {
      if (stream) stream.close();
      var note = one("[data-offline]");
      if (note) note.hidden = false;
      if (!again) again = setInterval(look, 5000);
    };
    on(window, "offline", lost);
    on(window, "online", look);
    if (window.EventSource) {
      stream = new EventSource(live.dataset.events);
      on(stream, "state", function (event) {
        // What a form brings is on its way already, and a reload would take its place.
        if (event.data !== live.dataset.version && !one("form[data-sent]")) location.reload();
      });
      on(stream, "error", lost);
      on(document, "visibilitychange", function () {
        if (!document.hidden && stream.readyState !== 1) location.reload();
      });
    } else lost();
  }
  var start = Date.now();
  function plural(count, forms) {
    var form = new Intl.PluralRules(document.documentElement.lang).select(count);
    return count + "\u00a0" + forms[{ one: 0, few: 1, many: 2, other: 2 }[form]];
  }
  function span(seconds, units) {
    var minutes = Math.max(1, Math.floor(seconds / 60));
    var parts = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
    var first = parts.findIndex(Boolean);
    return parts.map(function (part, at) { return part && plural(part, units.slice(at * 3, at * 3 + 3)); })
      .slice(first, first + 2).filter(Boolean).join(" ");
  }
  all("[data-grows],[data-shrinks]").forEach(function (clock) {
    setInterval(function () {
      var passed = Math.floor((Date.now() - start) / 1000);
      var seconds = clock.dataset.grows ? +clock.dataset.grows + passed : +clock.dataset.shrinks - passed;
      var text = span(seconds, clock.dataset.units.split("|"));
      if (clock.textContent !== text) clock.textContent = text;
    }, 1000);
  });

  // The way back to the shop, announced and to be refused.
  var back = one("[data-return]");
  if (back) {
    var left = +back.dataset.after, stay = one("[data-stay]", back);
    var tick = setInterval(function () {
      left--;
      one("[data-seconds]", back).textContent = Math.max(0, left);
      if (left > 0) return;
      clearInterval(tick);
      if (framed) tell("redirect", { url: absolute(back.dataset.return) });
      else location.replace(back.dataset.return);
    }, 1000);
    stay.hidden = false;
    on(stay, "click", function () { clearInterval(tick); back.hidden = true; });
  }

  all("[data-print]").forEach(function (button) {
    button.hidden = false;
    on(button, "click", function () { window.print(); });
  });
  all("[data-copy]").forEach(function (button) {
    if (!navigator.clipboard) return;
    button.hidden = false;
    on(button, "click", function () {
      navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent)
        .then(function () { button.textContent = button.dataset.copied; });
    });
  });
})();
