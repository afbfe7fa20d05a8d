import type { Translated } from '../../en/catalogue.ts';
import type { history as english } from '../../en/window/history.ts';

export const history: Translated<typeof english> = {
  title: 'Historique',
  hint: 'Chaque tâche terminée, dans cette fenêtre et en ligne de commande.',
  search: 'Chercher par nom, chemin, modèle, numéro de série, état ou date',
  empty: 'Aucune tâche n’est encore terminée. Chacune est gardée ici avec son rapport.',
  none: 'Aucune tâche ne contient tous ces mots.',
  found: '{count, plural, one {# tâche} other {# tâches}}',
  shown: '{shown, number} tâches sur {count, number} : une recherche en montre moins',
  unreadable:
    '{count, plural, one {# fichier de l’historique est illisible} other {# fichiers de l’historique sont illisibles}} ; laissés tels quels.',
  to: '{from} vers {to}',
  to_many: '{from} vers {count, plural, one {# destination} other {# destinations}}',
  manifest: 'Manifeste {hash}',
  notes: 'Remarques',
  each: '{size} chacune, durée {time}',
  details: 'Détails de {name}',
  repeat: 'Répéter',
  repeatOf: 'Répéter {name}',
  saveAs: 'Enregistrer en {form}',
  saveOf: 'Enregistrer en {form} : rapport sur {name}',
  save: 'Enregistrer le rapport',
  saveTable: 'Enregistrer celles-ci en CSV',
  saveManifest: 'Enregistrer le manifeste',
  saveManifestOf: 'Enregistrer le manifeste de {name}',
  saved: 'Enregistré : {path}',
  missing: '{name} n’est pas branché, ou est un autre disque, et n’est pas choisi.',
  notBlank: 'Cette fois les zéros sont écrits : les disques ne sont plus vierges.',
  newMap: 'Le sauvetage recommence, sans son fichier map {map}.',
  ofContinued:
    'Cette tâche en continuait une autre : débit maximal, vérification et nom sont repris ; comment la première écrivait n’est pas connu.',
  support: 'Journal et diagnostic',
  showLog: 'Montrer le journal',
  copyDiagnostics: 'Copier le diagnostic',
  copied: 'Copié : versions, disques, dernière tâche et fin du journal. Ni noms, ni numéros de série entiers.',
  logAt: 'Le journal est {path}',
};
