// The value of a point in a small box beside it, on hover and on focus. Without a script the browser shows the title.
const box = document.createElement("div");
box.className = "value";
box.hidden = true;
document.body.append(box);
for (const point of document.querySelectorAll(".point")) {
  const show = () => {
    const at = point.getBoundingClientRect();
    box.textContent = point.getAttribute("aria-label");
    box.hidden = false;
    const left = Math.min(at.left + scrollX, scrollX + document.documentElement.clientWidth - box.offsetWidth - 8);
    box.style.left = `${Math.max(left, 8)}px`;
    box.style.top = `${at.top + scrollY - box.offsetHeight - 6}px`;
  };
  const hide = () => { box.hidden = true; };
  point.querySelector("title").remove();
  point.addEventListener("mouseenter", show);
  point.addEventListener("focus", show);
  point.addEventListener("mouseleave", hide);
  point.addEventListener("blur", hide);
}
