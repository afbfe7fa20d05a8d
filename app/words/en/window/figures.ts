// Words within figures. `Intl` has the rest.
export const figures = {
  moment: '{day}, {time}',
  seconds: '{seconds, number} s',
  minutes: '{minutes, number} min',
  hours: '{hours, number} h',
  hoursMinutes: '{hours, number} h {minutes, number} min',
  place: '{size} (byte {byte, number}, sector {sector, number})',
  placeShort: '{size} (sector {sector, number})',
  sector: 'sector {sector, number}',
} as const;
