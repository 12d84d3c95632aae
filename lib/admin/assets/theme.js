// Before anything is painted: the theme that the reader chose, if any.
const theme = localStorage.getItem("coinrelay.theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
