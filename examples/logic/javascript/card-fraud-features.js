/** Fraud by merchant category: share of fraudulent payments and how their amounts differ. */
export function run(input) {
  const { categories, minimumAmount } = input.arguments;
  const payments = input.table('transactions');
  const names = payments.column('category');
  const amounts = payments.column('amount');
  const fraud = payments.column('is_fraud');
  const rounded = (value, digits) => Math.round(value * 10 ** digits) / 10 ** digits;
  const mean = (values) =>
    values.length === 0 ? null : rounded(values.reduce((a, b) => a + b, 0) / values.length, 2);
  const features = categories.map((category) => {
    const rows = amounts.keys().filter((i) => names[i] === category && amounts[i] >= minimumAmount);
    const [honest, stolen] = [[], []];
    for (const i of rows) (fraud[i] ? stolen : honest).push(amounts[i]);
    const count = honest.length + stolen.length;
    return {
      category,
      payments: count,
      fraudShare: rounded(stolen.length / count, 4),
      meanHonest: mean(honest),
      meanFraud: mean(stolen),
    };
  });
  // The owner's schema lets no group of fewer than 25 payments out.
  return { features: features.filter(({ payments }) => payments >= 25) };
}
