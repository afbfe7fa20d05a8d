// Entry of the window: styles, bridge, one component.
import './styles/fonts.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/tiles.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { connect } from './bridge.ts';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app.');

mount(App, { target, props: { bridge: connect() } });
