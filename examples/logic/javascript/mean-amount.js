export function run(input) {
  const { category } = input.arguments;
  const payments = input.table('transactions');
  const categories = payments.column('category');
  const amounts = payments
    .column('amount')
    .filter((amount, row) => amount !== null && categories[row] === category);
  const sum = amounts.reduce((total, amount) => total + amount, 0);
  const mean = amounts.length === 0 ? null : Math.round((sum / amounts.length) * 100) / 100;
  return { payments: amounts.length, mean };
}
