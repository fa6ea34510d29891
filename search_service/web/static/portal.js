// A portal's scripts of the old kind, for /demo/portal: names in the window, methods on built-in objects.
var $ = function (selector) { return document.querySelectorAll(selector); };
var jQuery = $;
var script = "ours", start = "ours", recent = "ours", base = "ours";
Array.prototype.contains = function (value) { return this.indexOf(value) >= 0; };
String.prototype.trimAll = function () { return this.replace(/\s/g, ""); };
document.onkeydown = function (event) { window.lastKey = event.keyCode; };
window.onload = function () { $("h1")[0].title = "loaded by the portal"; };
