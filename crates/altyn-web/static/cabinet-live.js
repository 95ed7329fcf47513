// The section «Платежи» for those with script: payments open in place, dialogs in a layer, and what
// changes is changed where it stands. Nothing is moved under the reader's hand.
(function () {
  "use strict";
  var PERIOD_MS = 4000;
  var all = function (selector, root) { return Array.from((root || document).querySelectorAll(selector)); };
  var one = function (selector, root) { return (root || document).querySelector(selector); };
  var table = one("table[data-columns=payments]");
  var news = one("[data-news]");
  var layer = one("#layer");
  var plain = function (event) { return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey; };

  // Fetches a fragment; gone when the session is over, so that the page leads to the sign-in.
  function fetched(address, options) {
    return fetch(address, Object.assign({ headers: { "X-Requested-With": "fetch" }, credentials: "same-origin", cache: "no-store" }, options))
      .then(function (answer) {
        if (answer.status === 401) { location.reload(); throw new Error("signed out"); }
        return answer.text().then(function (text) { return { status: answer.status, ok: answer.ok, text: text }; });
      });
  }
  function parsed(text) { return new DOMParser().parseFromString(text, "text/html"); }
  function part(address) { return address + (address.indexOf("?") < 0 ? "?" : "&") + "part=1"; }

  // A payment opens below its row and keeps its address in the fragment of ours.
  function detailOf(row) {
    var next = row.nextElementSibling;
    return next && next.matches("tr.detail") ? next : null;
  }
  function shut(row) {
    var detail = detailOf(row);
    if (detail) detail.remove();
    row.classList.remove("open");
    one("[data-open]", row).setAttribute("aria-expanded", "false");
    if (location.hash === "#p" + row.dataset.id) history.replaceState(null, "", location.pathname + location.search);
  }
  function openRow(row) {
    if (detailOf(row)) { shut(row); return; }
    all("tr.open", table).forEach(shut);
    var link = one("[data-open]", row), detail = document.createElement("tr"), cell = document.createElement("td");
    detail.className = "detail";
    cell.colSpan = 99;
    detail.append(cell);
    row.classList.add("open");
    link.setAttribute("aria-expanded", "true");
    fetched(part(link.href)).then(function (answer) {
      if (!row.classList.contains("open") || detailOf(row)) return;
      if (!answer.ok) { location.href = link.href; return; }
      cell.innerHTML = answer.text;
      row.after(detail);
      history.replaceState(null, "", "#p" + row.dataset.id);
    }).catch(function () { location.href = link.href; });
  }
  // On a narrow screen the tabs are a strip: the one that is open is brought into sight.
  function reveal(root) {
    var current = one("[data-tab][aria-current]", root), strip = current && current.parentNode;
    if (strip) strip.scrollLeft = current.offsetLeft - strip.offsetLeft;
  }
  // The card, whole, in the place of itself: another tab of it, or as it is now.
  function redraw(card, address) {
    var focused = document.activeElement && card.contains(document.activeElement);
    return fetched(part(address)).then(function (answer) {
      var fresh = one("[data-payment]", parsed(answer.text));
      if (!answer.ok || !fresh) { location.href = address; return; }
      card.replaceWith(document.adoptNode(fresh));
      var current = one("[data-tab][aria-current]", fresh);
      if (focused && current) current.focus({ preventScroll: true });
      reveal(fresh);
      if (one("[data-payment-page]")) history.replaceState(null, "", address);
    }).catch(function () { location.href = address; });
  }

  document.addEventListener("click", function (event) {
    if (event.defaultPrevented || !plain(event)) return;
    var link = event.target.closest("a[href]");
    var card = event.target.closest("[data-payment]");
    if (link && link.matches("[data-open]") && table) { event.preventDefault(); openRow(link.closest("tr")); return; }
    if (link && card && link.matches("[data-tab], [data-again]")) {
      event.preventDefault();
      var current = one("[data-tab][aria-current]", card);
      redraw(card, link.matches("[data-again]") && current ? current.href : link.href);
      return;
    }
    if (link && link.matches("[data-layer]") && layer && layer.showModal) { event.preventDefault(); show(link.href); return; }
    var row = !link && event.target.closest("tr[data-row]");
    if (row && table && table.contains(row) && !String(getSelection()) && !event.target.closest("button, input, label")) openRow(row);
  });

  // Escape closes what is open innermost: an explanation or a dialog is the browser's, then the row.
  document.addEventListener("keydown", function (event) {
    var row = table && one("tr.open", table);
    if (event.key !== "Escape" || event.defaultPrevented || !row || event.target.id === "search") return;
    if (one("dialog[open], :popover-open")) return;
    event.preventDefault();
    shut(row);
    one("[data-open]", row).focus({ preventScroll: true });
  });
  reveal(document);

  // Dialogs. The first step is looked at in the layer; what acts is sent as a form of the page.
  function fill(text) {
    layer.innerHTML = text;
    if (!layer.open) layer.showModal();
    part_of_refund(layer);
    var first = one("[data-focus]", layer) || one("input:not([type=hidden]), button", layer);
    if (first) first.focus();
  }
  function show(address) {
    fetched(part(address)).then(function (answer) {
      // What is no dialog is a page that says why there is none.
      if (answer.status === 403 || answer.status === 404 || answer.status >= 500) location.href = address;
      else fill(answer.text);
    }).catch(function () { location.href = address; });
  }
  document.addEventListener("submit", function (event) {
    var form = event.target, button = event.submitter;
    var step = button && button.name === "step" ? button.value : "";
    if (event.defaultPrevented || !form.closest("#layer") || step === "confirm" || !form.querySelector("[name=key]") || !step) return;
    event.preventDefault();
    var fields = new URLSearchParams(new FormData(form));
    fields.set("step", step);
    delete form.dataset.sent;
    fetched(part(form.action), { method: "POST", body: fields }).then(function (answer) {
      if (answer.status === 403 || answer.status === 404 || answer.status >= 500) location.reload();
      else fill(answer.text);
    }).catch(function () { form.removeAttribute("data-step"); form.submit(); });
  });

  // The refund: a part is typed only when a part is chosen; positions say what they come to.
  function number(text) {
    var bare = text.replace(/\s/g, "").replace(",", ".");
    return /^\d+(\.\d+)?$/.test(bare) ? Number(bare) : NaN;
  }
  function part_of_refund(root) {
    var form = one("[data-refund]", root);
    if (!form || !one("[data-part]", form)) return;
    var parts = one("[data-part]", form), sum = one("#sum", form), cart = one("[data-cart]", form);
    function choose() { parts.hidden = !one("[name=way][value=part]", form).checked; }
    function compute() {
      var total = 0, chosen = 0;
      all("[data-amount]", cart).forEach(function (input) {
        var own = number(input.value), whole = number(input.dataset.of);
        if (!(own > 0) || !(whole > 0)) return;
        chosen += 1;
        total += Math.round(Number(input.dataset.amount) * own / whole);
      });
      var digits = Number(cart.dataset.cart);
      // A hint only: the server computes again, and what was typed by hand stays.
      sum.placeholder = chosen ? (total / Math.pow(10, digits)).toFixed(digits).replace(".", document.documentElement.lang === "ru" ? "," : ".") : "";
    }
    all("[name=way]", form).forEach(function (way) {
      way.addEventListener("change", function () { choose(); if (!parts.hidden) (one("input", parts) || sum).focus(); });
    });
    if (cart) { cart.addEventListener("input", compute); compute(); }
    choose();
  }
  part_of_refund(document);

  // What has changed meanwhile. Only rows that are seen are asked for.
  function seen(row) {
    var box = row.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight;
  }
  function renew(fresh) {
    all("tr[data-row]", fresh).forEach(function (next) {
      var row = one('tr[data-id="' + next.dataset.id + '"]', table);
      if (!row || row.innerHTML === next.innerHTML) return;
      if (row.dataset.version === next.dataset.version && row.cells[0].textContent === next.cells[0].textContent) return;
      row.dataset.version = next.dataset.version;
      Array.from(next.cells).forEach(function (cell, at) {
        var own = row.cells[at];
        // The cell with the link keeps it: the focus may be on it.
        if (own && !one("[data-open]", own) && own.innerHTML !== cell.innerHTML) own.innerHTML = cell.innerHTML;
      });
      table.dispatchEvent(new Event("altyn:rows"));
    });
  }
  function stale(fresh) {
    all("[data-payment]").forEach(function (card) {
      var next = one('tr[data-id="' + card.dataset.payment + '"]', fresh);
      var bar = one("[data-stale]", card);
      if (next && bar && Number(next.dataset.version) > Number(card.dataset.version)) bar.hidden = false;
    });
  }
  // Rights that were taken away end the page: what it looks for would be refused again and again.
  function allowed(answer) {
    if (answer.status === 403) { location.reload(); throw new Error("no rights"); }
    return answer;
  }
  function look() {
    if (document.hidden) return Promise.resolve();
    var ids = (table ? all("tr[data-row]", table).filter(seen).map(function (row) { return row.dataset.id; }) : [])
      .concat(all("[data-payment]").map(function (card) { return card.dataset.payment; }));
    var work = [];
    if (ids.length) work.push(fetched("/cabinet/payments/rows?ids=" + ids.join(",")).then(allowed).then(function (answer) {
      if (!answer.ok) return;
      var fresh = parsed(answer.text);
      if (table) renew(fresh);
      stale(fresh);
    }));
    if (news) work.push(fetched(news.dataset.news).then(allowed).then(function (answer) {
      var text = answer.ok ? answer.text.trim() : "";
      if (answer.ok && news.innerHTML.trim() !== text) news.innerHTML = text;
    }));
    return Promise.all(work);
  }
  var timer = 0;
  function again() {
    clearTimeout(timer);
    timer = setTimeout(function () { look().catch(function () { /* The next look may fare better. */ }).then(again); }, PERIOD_MS);
  }
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden) look().catch(function () { /* As above. */ }).then(again);
  });
  if (table || news || one("[data-payment]")) again();

  // The page size is sent as it is chosen; the button is for those without script.
  all(".sizes button").forEach(function (button) { button.hidden = true; });

  // The payment that the address names, opened again after a reload or the way back.
  if (table && /^#p\d+$/.test(location.hash)) {
    var named = one('tr[data-id="' + location.hash.slice(2) + '"]', table);
    if (named) openRow(named);
  }
})();
