// The shop's help: the price on the button, the Payment Page inside the shop, callbacks as they
// come. Without it the shop works by going to the Payment Page and by refreshing.
(function () {
  "use strict";
  var one = function (selector, root) { return (root || document).querySelector(selector); };
  var all = function (selector, root) { return Array.from((root || document).querySelectorAll(selector)); };
  var lang = document.documentElement.lang;
  var orders = one("#orders");
  if (!orders) return;

  var notice = one(".notice");
  function say(text) {
    notice.textContent = text;
    notice.hidden = !text;
    if (text) notice.scrollIntoView({ block: "nearest" });
  }
  function ask(form) {
    return fetch(form.action, {
      method: "POST",
      headers: { accept: "application/json" },
      body: new URLSearchParams(new FormData(form))
    });
  }

  // The button says what will be paid.
  var buy = one("#buy"), sum = one("#sum"), button = one("button.main", buy);
  function money(minor, currency) {
    var parts = (minor / 100).toFixed(2).split(".");
    var group = lang === "ru" ? "\u202f" : ",";
    var number = parts[0].replace(/\B(?=(\d{3})+$)/g, group) + (lang === "ru" ? "," : ".") + parts[1];
    if (currency === "RUB") return lang === "ru" ? number + "\u202f₽" : "₽" + number;
    return lang === "ru" ? number + "\u202f" + currency : currency + "\u202f" + number;
  }
  function currency() {
    return one("[name=way]:checked", buy).dataset.currency;
  }
  function price(good) {
    return +good.dataset[currency().toLowerCase()];
  }
  // The partner takes whole shillings only.
  function typed() {
    var text = sum.value.replace(/\s/g, "");
    if (!text) return price(one("[name=good]:checked", buy));
    var match = /^(\d{1,10})(?:[.,](\d{1,2})?)?$/.exec(text);
    var minor = match && +match[1] * 100 + +((match[2] || "") + "00").slice(0, 2);
    return minor && (currency() !== "KES" || minor % 100 === 0) ? minor : null;
  }
  function judge() {
    var wrong = typed() === null;
    one("#sum-error").textContent = wrong ? sum.dataset.wrong : "";
    if (wrong) sum.setAttribute("aria-invalid", "true");
    else sum.removeAttribute("aria-invalid");
    return !wrong;
  }
  function label() {
    var minor = typed(), text = one("[data-label]", button);
    if (minor !== null) text.textContent = text.dataset.label + " " + money(minor, currency());
    all(".good").forEach(function (good) {
      one(".price", good).textContent = money(price(one("input", good)), currency());
    });
  }
  buy.addEventListener("input", function () {
    label();
    if (sum.hasAttribute("aria-invalid")) judge();
  });
  buy.addEventListener("change", judge);
  label();

  // The Payment Page over the shop or in it.
  var place = one(".place");
  function paying(inside, on) {
    buy.hidden = inside && on;
    place.hidden = !(inside && on);
    if (!on) busy(false);
  }
  function busy(on) {
    if (on) button.setAttribute("aria-busy", "true");
    else button.removeAttribute("aria-busy");
  }
  function run(config, inside) {
    var over = function () { paying(inside, false); };
    config.onExit = over;
    config.onDestroy = over;
    config.onFailLoading = function (data) { say(data.message); };
    paying(inside, true);
    if (!inside) busy(false);
    window.EPayWidget.run(config);
  }
  buy.addEventListener("submit", function (event) {
    if (button.hasAttribute("aria-busy") || !judge()) {
      event.preventDefault();
      if (sum.hasAttribute("aria-invalid")) sum.focus();
      return;
    }
    busy(true);
    say("");
    var open = one("[name=open]:checked", buy).value;
    if (open === "redirect" || !window.EPayWidget) return;
    event.preventDefault();
    ask(buy).then(function (answer) {
      return answer.json().then(function (body) {
        if (answer.ok) run(body, open === "inside");
        else { busy(false); say(body.message); }
      });
    }).catch(function (error) { busy(false); say(String(error)); });
  });
  // Back from the Payment Page by the browser's button: buying is possible again.
  window.addEventListener("pageshow", function () { busy(false); label(); });

  // What the shop does with a payment; its outcome comes with the news.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.hasAttribute("data-act")) return;
    event.preventDefault();
    var pressed = one("button", form);
    if (pressed.hasAttribute("aria-busy")) return;
    pressed.setAttribute("aria-busy", "true");
    say("");
    ask(form).then(function (answer) {
      if (answer.ok) return;
      pressed.removeAttribute("aria-busy");
      return answer.text().then(say);
    }).catch(function (error) { pressed.removeAttribute("aria-busy"); say(String(error)); });
  });

  // News: an order is replaced only when it has changed, and what is unfolded stays so.
  function merge(html) {
    var fresh = one("#orders", new DOMParser().parseFromString(html, "text/html"));
    var known = {};
    all(".order", orders).forEach(function (order) { known[order.dataset.order] = order; });
    all(".order", fresh).forEach(function (order) {
      var old = known[order.dataset.order];
      if (!old) return;
      if (old.dataset.version === order.dataset.version) { order.replaceWith(old); return; }
      all("details[open]", old).forEach(function (row) {
        var same = one("[data-key='" + row.dataset.key + "']", order);
        if (same) same.open = true;
      });
    });
    fresh = document.adoptNode(fresh);
    orders.replaceWith(fresh);
    orders = fresh;
    var last = one(".callbacks summary b", orders), status = one("[data-news]");
    if (last) status.textContent = status.dataset.news + ": " + last.textContent;
  }
  var RETRY_MS = 1000;
  function listen() {
    fetch("/feed?lang=" + lang + "&after=" + orders.dataset.after).then(function (answer) {
      if (answer.status === 204) return;
      if (!answer.ok) throw new Error(answer.statusText);
      return answer.text().then(merge);
    }).then(listen, function () { setTimeout(listen, RETRY_MS); });
  }
  listen();
})();
