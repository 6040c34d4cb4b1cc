// What pages can do beyond HTML: local time beside UTC, a theme of one's own, copying. All pages work without it.
(() => {
  "use strict";
  const root = document.documentElement;
  const stored = (key, value) => {
    try {
      return value === undefined ? localStorage.getItem(key) : localStorage.setItem(key, value);
    } catch {
      return null; // storage may be forbidden
    }
  };

  const theme = stored("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;

  const isLocalUtc = new Date().getTimezoneOffset() === 0;
  const clock = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short" }); // written as UTC is here
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const tellLocalTimes = (within) => {
    for (const time of within.querySelectorAll("time[datetime]:not([data-told])")) {
      const at = new Date(time.dateTime);
      time.dataset.told = "";
      if (Number.isNaN(at.getTime()) || isLocalUtc) continue;
      const [day, hour] = clock.format(at).split(" ");
      time.title = `${day} ${hour} ${zone}`;
      if (!time.matches(".brief, table.list time")) {
        const beside = document.createElement("span");
        beside.className = "local";
        beside.textContent = time.dateTime.startsWith(day) ? ` (${hour} here)` : ` (${day} ${hour} here)`;
        time.append(beside);
      }
    }
  };

  const say = (text) => {
    const heard = document.getElementById("said");
    if (heard) heard.textContent = text;
  };

  const copy = async (button) => {
    const from = document.getElementById(button.dataset.copyFrom || "");
    const text = from ? from.value ?? from.textContent : button.dataset.copy;
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "copied";
    } catch {
      button.textContent = "select and copy by hand";
      if (from) getSelection().selectAllChildren(from);
    }
    say(button.textContent);
    setTimeout(() => { button.textContent = before; }, 2000);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if ("copy" in button.dataset || "copyFrom" in button.dataset) copy(button);
    if ("theme" in button.dataset) {
      const isDark = getComputedStyle(root).colorScheme === "dark" ||
        (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
      root.dataset.theme = isDark ? "light" : "dark";
      stored("theme", root.dataset.theme);
      say(`${root.dataset.theme} theme`);
    }
    if ("print" in button.dataset) print();
  });

  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form && "submitsItself" in form.dataset) form.requestSubmit();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const search = document.querySelector("form.search input");
    if (search) { event.preventDefault(); search.focus(); }
  });

  const reveal = (within) => {
    for (const hidden of within.querySelectorAll(".with-script[hidden]")) hidden.hidden = false;
    tellLocalTimes(within);
  };
  document.addEventListener("DOMContentLoaded", () => reveal(document));
  document.addEventListener("htmx:load", (event) => reveal(event.target));
})();
