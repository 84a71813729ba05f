import { createContext, useContext } from "react";
import { House } from "./house";

/** The one follower of the server's stream; it runs while an operator is signed in. */
export const HouseContext = createContext<House>(new House());
export const useTheHouse = (): House => useContext(HouseContext);
