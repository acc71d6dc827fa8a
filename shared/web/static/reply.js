/* As many rows for the others of a party as there are others. Without it all rows stand there, folded together. */
const number = document.getElementById("party_size");
const others = document.querySelector(".reply-form .others");

function show() {
  const rows = [...others.querySelectorAll(".person")];
  const wanted = Math.min(rows.length, Math.max(0, (parseInt(number.value, 10) || 1) - 1));
  // What is not shown is not sent; it is still there when the number rises again.
  rows.forEach((row, index) => { row.hidden = row.disabled = index >= wanted; });
  others.hidden = wanted === 0;
}

if (number && others) {
  number.addEventListener("input", show);
  show();
}
