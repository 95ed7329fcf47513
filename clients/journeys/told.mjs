// What a shop is told on the way, as [payment status, operation, code].

/** The payer has to pass 3-D Secure: so many steps, for a sale or an authorization. */
export const asked = (steps, kind = 'sale') =>
  Array(steps).fill(['awaiting 3ds result', `${kind} awaiting 3ds result`, '9999']);

/** The payer is on the way to the bank. */
export const redirected = ['awaiting redirect result', 'sale awaiting redirect result', '9999'];

/** Paid at once. */
export const paid = ['success', 'sale success', '0'];
