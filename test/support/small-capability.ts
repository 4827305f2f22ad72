const nothing = { type: 'object', properties: {}, additionalProperties: false };

/** A node without data whose one capability answers a digit. */
export const SMALL_CAPABILITY = {
  version: 1,
  datasets: [],
  capabilities: [
    {
      name: 'small',
      version: '1.0.0',
      datasets: [],
      input: nothing,
      output: {
        type: 'object',
        properties: { n: { type: 'integer', minimum: 0, maximum: 9 } },
        required: ['n'],
        additionalProperties: false,
      },
    },
  ],
};
