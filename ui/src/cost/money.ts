/** Dollars as people read them: three digits that count, never in powers of ten. */
const FORMAT = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumSignificantDigits: 3 });

export const money = (dollars: number): string => FORMAT.format(dollars);

const MILLION = new Intl.NumberFormat("en", { style: "currency", currency: "USD" });
const MOST_DIGITS = 8;

/** What a million of them would cost. */
export const moneyOfMillion = (dollars: number): string => MILLION.format(dollars * 1e6);

/** Writes sums that stand together with the same number of digits, of which the smallest shows two that count. */
export function moneyOf(column: readonly number[]): (dollars: number) => string {
  const least = Math.min(...column.filter((each) => each > 0));
  const digits = Math.min(MOST_DIGITS, Math.max(2, least < 1 ? 1 - Math.floor(Math.log10(least)) : 2));
  const format = new Intl.NumberFormat("en", { style: "currency", currency: "USD", minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (dollars) => format.format(dollars);
}
