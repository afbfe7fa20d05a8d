import type { Translated } from '../../en/catalogue.ts';
import type { notes as english } from '../../en/facts/notes.ts';

export const notes: Translated<typeof english> = {
  said: '{text}',
  mountedSource:
    '{path} est monté en écriture sur {targets} : ce qui y est écrit pendant ce temps peut rendre la copie incohérente.',
  swapSource: '{path} sert de swap : ce qui y est écrit pendant ce temps peut rendre la copie incohérente.',
  besideSystem: '{path} est une partition du disque qui porte le système en marche.',
  bootAreas:
    'Les zones de démarrage de {path} ({areas}) ne sont pas {end, select, source {copiées} other {écrites}}, seule sa zone principale l’est. {end, select, source {Une carte qui démarre depuis ces zones ne démarre pas depuis la copie seule.} other {Elles gardent leur contenu.}}',
  onePartition:
    '{path} n’a pas de table de partitions, seulement un système de fichiers ({fileSystem}) : il semble être l’image d’une seule partition. {paths} {count, plural, one {n’aura} other {n’auront}} pas non plus de table de partitions, et rien de ce qui en exige une n’en démarrera. Pour restaurer une partition, choisissez cette partition d’un disque comme destination.',
  gptNotAtEnd:
    '{count, plural, one {{paths} est plus grand} other {{paths} sont plus grands}} que la source : la sauvegarde de la table de partitions (GPT) ne sera pas à la fin du disque. Après la copie, {count, plural, one {`sgdisk -e {paths}`} other {`sgdisk -e DISQUE`, pour chacun,}} l’y déplace. Cela modifie la table, et une comparaison ultérieure avec la source signale ses secteurs comme différents : vérifiez avant.',
  leftBehind:
    '{path} garde d’anciennes signatures au-delà de la fin de la source : {signatures}. Un système peut le prendre pour ce qu’il était. `wipefs --all {path}` avant la copie les efface.',
  mirrorLeft:
    '{path} garde la copie d’un ancien superbloc btrfs au-delà de la fin de la source, à {place}. Seuls les outils de récupération regardent là.',
  packedLeftOut:
    '{path} est une image qui ne peut être écrite qu’en entier : elle est laissée de côté. Commencez une nouvelle copie pour elle.',
  splits: '{path} est écrit en parties de {size} : {first}, etc.',
  piecesExceedFat:
    '{path} : des parties de 4 Gio sont trop longues d’un octet pour FAT, dont les fichiers font au plus {longest, number} octets. Pour des parties que FAT accepte, utilisez --split fat.',
  mayExceedFat:
    '{path} : son système de fichiers (FAT) n’accepte pas de fichiers de plus de {longest}. La copie échoue si l’image devient plus grande. --split fat l’écrit en plusieurs parties.',
  packs: '{path} est compressé à l’écriture ({format}, niveau {level}). Sa taille sera connue quand il sera complet.',
  unpacks: '{path} est décompressé à la lecture ({format}, {bytes}). L’image qu’il contient fait {size}.',
  unpacksEntry: '{entry}, dans {path}, est décompressé à la lecture ({format}, {bytes}). Il fait {size}.',
  putTogether:
    '{path} est un dossier de {format} : le disque est assemblé à la lecture à partir de {count, number} fichiers ({bytes}). Il fait {size}.',
  partsLeftOut: '{path} ne contient rien de ces partitions, qui deviennent des zéros : {names}.',
  swapLeftOut: 'Reformatez ces partitions comme swap après la copie : {names}.',
  tableDamaged:
    'La table de partitions dans {path} ({file}) a une somme de contrôle fausse : un système peut ne pas trouver les partitions de la copie.',
  fileSystemsSmaller:
    'Dans {path}, ces systèmes de fichiers ont été réduits et sont plus petits que leurs partitions : {names}. La commande entre parenthèses agrandit le système de fichiers.',
  partsUnsized:
    'Dans {path}, la taille de ces images n’apparaît qu’à la lecture : {names}. Si l’une est plus courte que sa partition, des zéros la suivent.',
  joinsPieces:
    '{path} est le premier de {count, number} morceaux, lus comme un seul fichier (jusqu’à {last}, {bytes} en tout).',
  checksum:
    'La somme de contrôle de {path} est calculée pendant la copie. Aucun disque ne reçoit son premier Mio avant qu’elle soit juste.',
  checksumFrom: '{list} dit : {hash} {of, select, file {de {path}} other {de l’image dans {path}}} est {hex}.',
  signedBy: '{path} est signé par {by} (clé {key}).',
  signatureUnchecked:
    '{path} est signé ({signature}), et la signature n’est pas vérifiée. Pour la vérifier : --key KEY, avec la clé de l’éditeur.',
  checksumBeside:
    '{list} contient une somme de contrôle ({hash}) {of, select, file {de {path}} other {de l’image dans {path}}}, qui n’est pas vérifiée. Pour la vérifier : --checksum {list}',
  listUnclear: 'La liste de sommes de contrôle {list} à côté de {path} est inutilisable. {reason}',
  mappedOnly:
    'De {path}, seul compte ce que {bmap} désigne : {mapped}. Les {left} restants sont indéfinis : ils ne sont pas comparés, et un disque y garde le plus souvent ce qu’il a. Pour en faire des zéros : --zero-unmapped',
  mappedZeros:
    'De {path}, compte ce que {bmap} désigne : {mapped}. Les {left} restants sont indéfinis et valent des zéros.',
  mappedUnchecked:
    '{bmap} n’a pas de somme de contrôle pour une partie de l’image : un octet faux y passerait inaperçu.',
  usedOnly:
    'De {path}, {used} sont utilisés ou pas sûrement libres : {on, select, nothing {ils sont comparés. Les autres {left} sont libres et ne sont pas comparés.} drives {ils sont copiés et comparés. Les autres {left} sont libres : sur un disque, la plupart gardent ce qui s’y trouve. Pour en faire des zéros : --zero-unmapped} images {ils sont copiés et comparés. Les autres {left} sont libres : dans une nouvelle image, la plupart sont des zéros.} other {ils sont copiés et comparés. Les autres {left} sont libres : sur un disque, la plupart gardent ce qui s’y trouve, dans une nouvelle image, la plupart sont des zéros. Pour en faire tous des zéros : --zero-unmapped}}',
  usedZeros:
    'De {path}, {used} sont utilisés ou pas sûrement libres : ils sont copiés et comparés. Les autres {left} sont libres et deviennent des zéros.',
  usedPart:
    '{of, select, whole {{path}} other {Partition {partition} de {path}}} ({fileSystem}, {size}) : {used} sont utilisés.',
  wholePart:
    '{of, select, whole {{path}} other {Partition {partition} de {path}}} ({fileSystem}, {size}) est copié en entier. {reason}',
  wholePartSaves:
    '{of, select, whole {{path}} other {Partition {partition} de {path}}} ({fileSystem}, {size}) est copié en entier, bien que {saves} y semblent libres. {reason}',
  usedNoTable:
    '{path} est copié en entier : il n’y a ni table de partitions intacte et sans défaut, ni système de fichiers que Platter reconnaît.',
  bmapUnused: '{bmap} est à côté de la source et n’est pas utilisé par cette tâche : toute la source compte.',
  packedUnchecked:
    '{path} n’a pas de somme de contrôle de son contenu : un octet faux dans le fichier serait passé inaperçu.',
  zerosFollow: 'Dans {path}, des zéros suivent l’image compressée, sur {bytes}. Ils n’en font pas partie.',
  takenAsIs: '{path} est {file}, pas une image de disque : ses octets sont pris tels quels.',
  looksLike: '{path} ressemble à {file}. Si c’en est un, rien ne démarrera depuis la copie.',
  unrecognised:
    'Rien n’est reconnu dans {path}, ni table de partitions ni système de fichiers : assurez-vous que c’est une image de disque.',
  imageDespiteName:
    'D’après son nom, {path} est un fichier {format}, mais c’est une image de disque : ses octets sont pris tels quels.',
  takenDespiteName:
    'D’après son nom, {path} est un fichier {format}, mais il ne commence pas comme tel : ses octets sont pris tels quels.',
  trailer:
    '{path} est un fichier {format} : un disque, octet pour octet, suivi de 512 octets qui appartiennent à {format}. Ils sont copiés aussi.',
  openWrtMetadata:
    'Dans {path}, ce qui est compressé est suivi de {bytes} de métadonnées d’OpenWrt, qui ne font pas partie de l’image.',
  otherSectors:
    '{path} a des secteurs de {has, number} octets, et les partitions de la source comptent en secteurs de {made, number} : aucun système ne les trouvera sur la copie.',
  sourceSectors:
    '{path} a des secteurs de {has, number} octets, mais ses partitions comptent en secteurs de {made, number} : aucun système ne les y trouve.',
  imageSectors:
    'Les partitions de la source comptent en secteurs de {made, number} octets. Pour les trouver dans {path}, attachez-le avec `losetup --sector-size {made}`.',
  partitionsBeyond:
    'Il manque {missing} à la fin de {path}, et ils manqueront aussi sur la copie : sa dernière partition se termine à {end}, mais {path} n’a que {size}. Un tel fichier image est sans doute tronqué : comparez sa taille ou sa somme de contrôle à celle de l’éditeur.',
  gptCut:
    'Il manque {missing} à la fin de {path} : selon sa GPT, le disque a {whole}. La sauvegarde de la table s’y trouvait, et manquera aussi sur la copie. D’une image en morceaux, il manque sans doute le dernier.',
  sameUuids:
    '{source} et la copie sur {paths} ont les mêmes UUID. Débranchez l’un d’eux avant le prochain montage ou redémarrage, car le système ne peut pas les distinguer.{by, select, btrfs { Un btrfs monté peut écrire sur le mauvais : `btrfstune -u` donne à la copie démontée son propre UUID.} lvm { `vgimportclone` donne à la copie ses propres noms et UUID.} other {}}',
  buffered: '{path} n’accepte pas les accès directs : tout passe par le cache, qui est vidé avant la relecture.',
  partitionsUnchecked:
    'Platter n’a pas le droit de demander au système si un autre programme a ouvert une partition de {path}. Fermez les programmes qui s’en servent.',
  unlogged:
    'La tâche ne pourra pas être continuée si elle est interrompue : aucun journal ne peut être tenu dans {directory}. {reason}',
  unloggedMemory:
    'La tâche ne pourra pas être continuée si elle est interrompue : il y a trop peu de mémoire pour tenir un journal.',
  leftOut: '{path} n’est pas là : il est laissé de côté, et pourra être continué plus tard.',
  writtenByOther: '{path} est laissé de côté : une autre tâche y a écrit depuis.',
  partOfWholeJob:
    '{part} vient de la tâche interrompue du {began}, qui ne peut pas être continuée pour {path}. Il sera supprimé.',
  partOfJob:
    '{part} vient de la tâche interrompue du {began}. Il sera supprimé, et cette tâche ne pourra plus être continuée pour {path}.',
  logDamaged: 'Le journal de cette tâche est endommagé : tout est recopié.',
  goesOn: 'La tâche du {began} continue : {there} sont déjà sur les destinations.',
  beginsAgain: 'Rien de la tâche du {began} n’est sur les destinations : tout est écrit de nouveau.',
  manifestReplaced: 'Le manifeste {path} est remplacé par celui de cette tâche.',
  mapGone: 'Le fichier map {path} n’existe plus : ce qui n’a pas pu être lu est réessayé depuis le début.',
  mapContinued: 'Le fichier map est continué : {rescued} comptent comme étant déjà sur chaque destination.',
  notCompared:
    'Le manifeste n’a pas d’empreinte de {count, plural, one {# morceau : il n’est pas comparé} other {# morceaux : ils ne sont pas comparés}}.',
  sourceWritten:
    '{path} a été modifié pendant la tâche : ce qui en a été lu peut mélanger d’anciennes et de nouvelles données.',
  sourceUnwatched:
    'Impossible de dire si {path} a été modifié pendant la tâche, car son fichier a perdu son nom ou est hors d’atteinte. Il compte comme modifié.',
  sourceUnknown:
    'Le moteur de copie a cessé de fonctionner avant que l’on puisse dire si {path} a été modifié pendant la tâche. Il compte comme modifié.',
  oldPartitions:
    'Le système montre peut-être encore les anciennes partitions de {path} ({errno}) : elles seront justes une fois le disque rebranché.',
  manifestWritten: 'Le manifeste a été écrit dans {path}.',
  manifestNotSaved: 'Le manifeste n’a pas été enregistré : {reason}',
  manifestNotKept: 'Le manifeste n’a pas été gardé : {reason}',
  manifestEmpty: 'Aucun manifeste n’a été fait : rien n’a été lu de la source.',
  manifestHoles:
    'Le manifeste n’a pas d’empreinte de {count, plural, one {# morceau, qui n’a pas été lu en entier} other {# morceaux, qui n’ont pas été lus en entier}}.',
  comparedWithManifest:
    '{compared, plural, one {# morceau de la source a pu être comparé} other {# morceaux de la source ont pu être comparés}} au manifeste, sur {all, number}.',
  sourceUnchanged: 'Rien n’a changé dans la source depuis que le manifeste a été fait.',
  sourceChanged:
    '{count, plural, one {# morceau} other {# morceaux}} ({size}) de la source {count, plural, one {a changé} other {ont changé}} depuis que le manifeste a été fait.',
  logNotWritten:
    'Le journal de la tâche n’a pas pu être écrit ; elle ne pourra pas être continuée si elle est interrompue : {reason}',
  mapNotWritten: 'Le fichier map n’a pas pu être écrit dans {path} : {reason}',
  morePlaces:
    '{count, plural, one {# autre endroit illisible est} other {# autres endroits illisibles sont}} seulement dans le fichier map.',
  nameKept:
    '{path} a gardé son nom pendant la réparation, car il n’a pas pu être renommé en {part} ({errno}). Si la réparation avait été interrompue, seul le journal l’aurait montré.',
  mapOfDone:
    'Le fichier map décrit les destinations terminées. Il manque encore aux autres une partie de ces données, qu’elles recevront quand la tâche sera continuée.',
};
