/** How many times as fast as the clock this process's uploaders wait. For tests: minutes of waiting become seconds. */
export const uploadPace: { value: number } = { value: 1 };
