// What the theme leaves out for keyboards and screen readers: what scrolls sideways can be reached, a copy button is no
// landmark.
const amend = () => {
  for (const nav of document.querySelectorAll(".md-code__nav")) nav.setAttribute("role", "none");
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap, pre > code"))
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
};
new MutationObserver(amend).observe(document.body, { childList: true, subtree: true });
addEventListener("resize", amend);
amend();
