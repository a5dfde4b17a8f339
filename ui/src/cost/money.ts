/** Dollars as people read them: three digits that count, never in powers of ten. */
const FORMAT = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumSignificantDigits: 3 });

export const money = (dollars: number): string => FORMAT.format(dollars);
