// Presses the one button of a page that only leads on; without scripts the payer presses it.
document.getElementById("return").submit();
