// The settings as Platter comes. The window uses this too, so it loads no schema.
import { plainRunning } from './request-facts.ts';
import type { Settings } from './settings.ts';

export const defaultSettings: Settings = {
  language: 'system',
  theme: 'system',
  sounds: true,
  notifications: true,
  defaults: {
    verify: true,
    update: false,
    sparse: true,
    throttle: plainRunning.throttle,
    stallTimeout: plainRunning.stallTimeout,
  },
};
