// The cabinet's help: keys, menus that close, forms that cannot be sent twice, columns that stay as
// they were chosen. Every page works without it.
(function () {
  "use strict";
  var all = function (selector, root) { return Array.from((root || document).querySelectorAll(selector)); };
  var one = function (selector, root) { return (root || document).querySelector(selector); };
  var keep = {
    get: function (key) { try { return localStorage.getItem(key); } catch (error) { return null; } },
    set: function (key, value) { try { localStorage.setItem(key, value); } catch (error) { /* The choice lasts for this page. */ } }
  };
  function typing(target) {
    return target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) && !/^(checkbox|radio|button|submit)$/.test(target.type);
  }

  // Keys: / searches, j and k walk the rows, Enter or o opens one, Escape closes what is open.
  function rows() { var list = one("[data-rows]"); return list ? all("[data-row]", list) : []; }
  function selected() { return one("[data-rows] [aria-selected=true]"); }
  function select(row) {
    var before = selected();
    if (before) before.removeAttribute("aria-selected");
    row.setAttribute("aria-selected", "true");
    var link = one("a[href]", row);
    if (link) link.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
  function walk(step) {
    var list = rows(), at = list.indexOf(selected());
    var next = list[at < 0 ? (step > 0 ? 0 : list.length - 1) : at + step];
    if (next) select(next);
  }
  function open(row) {
    var link = one("a[href]", row);
    if (link) link.click();
    else if (row.dataset.href) location.href = row.dataset.href;
  }
  function close() {
    var menu = all("details[data-drop][open]").pop();
    if (menu) { menu.open = false; one("summary", menu).focus(); return true; }
    return false;
  }
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Escape") {
      if (close()) event.preventDefault();
      else if (event.target.id === "search") event.target.blur();
      return;
    }
    if (typing(event.target) || one("dialog[open]")) return;
    var search = one("#search");
    if (event.key === "/" && search) { event.preventDefault(); search.focus(); search.select(); }
    else if (event.key === "j" || event.key === "о") { event.preventDefault(); walk(1); }
    else if (event.key === "k" || event.key === "л") { event.preventDefault(); walk(-1); }
    else if ((event.key === "o" || event.key === "щ") && selected()) { event.preventDefault(); open(selected()); }
    else if (event.key === "Enter" && selected() && event.target === document.body) { event.preventDefault(); open(selected()); }
  });
  document.addEventListener("click", function (event) {
    all("details[data-drop][open]").forEach(function (menu) { if (!menu.contains(event.target)) menu.open = false; });
    var asks = event.target.closest("[data-dialog]");
    var dialog = asks && document.getElementById(asks.dataset.dialog);
    if (dialog && dialog.showModal && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); dialog.showModal(); return; }
    var away = event.target.closest("dialog [data-close]");
    if (away) { event.preventDefault(); away.closest("dialog").close(); return; }
    var copies = event.target.closest("[data-copy]");
    if (copies && navigator.clipboard) {
      navigator.clipboard.writeText(copies.dataset.copy).then(function () { copies.setAttribute("data-copied", ""); if (copies.dataset.done) copies.textContent = copies.dataset.done; });
      return;
    }
    if (event.target.closest("[data-print]")) window.print();
  });

  // A form that moves something is sent once; the way back makes it whole again.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    all("button", form).forEach(function (button) { button.setAttribute("aria-disabled", "true"); });
  });
  window.addEventListener("pageshow", function () {
    all("form[data-sent]").forEach(function (form) {
      delete form.dataset.sent;
      all("button", form).forEach(function (button) { button.removeAttribute("aria-disabled"); });
    });
  });
  document.addEventListener("change", function (event) {
    if (event.target.matches("select[data-send]")) event.target.form.submit();
  });

  // Columns, by their names; kept for this browser.
  function columns(table) {
    var key = "columns " + table.dataset.columns;
    var heads = all("thead th[data-column]", table);
    var hidden = (keep.get(key) || "").split(",").filter(Boolean);
    function show() {
      heads.forEach(function (head) {
        var off = hidden.indexOf(head.dataset.column) >= 0, at = head.cellIndex;
        all("tr", table).forEach(function (row) {
          var cell = row.cells[at];
          if (cell && cell.colSpan === 1) cell.hidden = off;
        });
      });
    }
    var box = one('[data-columns-for="' + table.dataset.columns + '"]');
    if (box) {
      heads.forEach(function (head) {
        var label = document.createElement("label"), tick = document.createElement("input");
        label.className = "check";
        tick.type = "checkbox";
        tick.checked = hidden.indexOf(head.dataset.column) < 0;
        tick.addEventListener("change", function () {
          hidden = hidden.filter(function (name) { return name !== head.dataset.column; });
          if (!tick.checked) hidden.push(head.dataset.column);
          keep.set(key, hidden.join(","));
          show();
        });
        label.append(tick, head.textContent.trim());
        box.append(label);
      });
      (box.closest("details[hidden]") || box).hidden = false;
      box.hidden = false;
    }
    show();
    table.addEventListener("altyn:rows", show);
  }
  all("table[data-columns]").forEach(columns);

  // The head of a table sticks where nothing has to scroll sideways.
  function fit() {
    all(".table-box").forEach(function (box) {
      var table = one("table", box);
      if (table) box.classList.toggle("fits", table.offsetWidth <= box.clientWidth);
    });
  }
  fit();
  window.addEventListener("resize", fit);
  document.addEventListener("change", function () { requestAnimationFrame(fit); });
  document.addEventListener("altyn:rows", fit, true);
  all("[data-print][hidden]").forEach(function (button) { button.hidden = false; });
  if (navigator.clipboard) all("[data-copy][hidden]").forEach(function (button) { button.hidden = false; });
  var faulty = one("[data-focus]");
  if (faulty) faulty.focus();
})();
