package evidence

// TilePath is the name of a tile, for tests.
var TilePath = tilePath
