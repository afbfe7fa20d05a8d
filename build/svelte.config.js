// Shared by vite and svelte-check. Svelte reads TypeScript by itself, so there is no preprocessor.
export default { compilerOptions: { runes: true } };
