// What a shop is told of a payment that began on the Payment Page: results, as [payment status,
// operation, code].

/** Paid at once. */
export const paid = ['success', 'sale success', '0'];
